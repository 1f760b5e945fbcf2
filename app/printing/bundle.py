"""Several finished PDFs in one file, to be printed in one go."""

from collections.abc import Sequence
from io import BytesIO


def merged(pdfs: Sequence[bytes], title: str) -> bytes:
    """The pages of ``pdfs`` one after another, each at its own paper size and with its own fonts.

    The outline names each PDF by its title and leads to its first page. The same PDFs and title give
    the same bytes. Raises ``ValueError`` when there is nothing to print, ``pikepdf.PdfError`` for what
    is not a PDF.
    """
    from pikepdf import Dictionary, Name, ObjectStreamMode, OutlineItem, Pdf, String

    if not pdfs:
        raise ValueError("nothing to print")
    with Pdf.new() as bundle:
        entries = []
        for content in pdfs:
            with Pdf.open(BytesIO(content)) as pdf:
                entries.append(OutlineItem(str(pdf.docinfo.get(Name.Title, "")), len(bundle.pages)))
                bundle.pages.extend(pdf.pages)
        with bundle.open_outline() as outline:
            outline.root.extend(entries)
        bundle.docinfo = bundle.make_indirect(Dictionary(Title=String(title)))
        bundle.Root.Lang = String("zh-CN")
        bundle.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
        target = BytesIO()
        bundle.save(target, deterministic_id=True, object_stream_mode=ObjectStreamMode.generate)
        return target.getvalue()
