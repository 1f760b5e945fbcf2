"""How wide the columns of a table are and how large its type is.

A reader in front of a wall wants large type and whole words. Three wishes, given up one after
another as the room gets scarce: every cell on one line; only sentences wrapped, and those once;
terms on one line; names in one piece; at the very least dates, numbers and words.

Long tables are set closer from the outset, and on a landscape sheet in two blocks side by side if
nearly every cell stays on one line. Beyond that a table may be tightened, step by step, to save a sheet.
"""

from dataclasses import dataclass
from math import ceil

from .sheet import Sheet, sheet
from .snapshot import Table
from .text import pieces, width

# 四号, 小四, 五号, 小五 as parts of the body's 三号 (16 pt).
_S14, _S12, _S10, _S9 = 14 / 16, 12 / 16, 10.5 / 16, 9 / 16
# Step by step closer: the largest type, line height, padding above and below (ems of the table).
_STEPS = ((_S14, 1.4, 0.34), (_S12, 1.35, 0.18), (_S12, 1.28, 0.1), (_S10, 1.28, 0.1))
_LONG_TABLE = 20  # rows beyond which the first step would waste paper
_LOW_SHEET = 12  # rows that a landscape sheet holds at the first step
BLOCK_GAP = 1.5  # ems of the body size between two blocks
_PADDING = 1.0  # ems, both sides of a cell and its rule together
_USUAL = 0.9  # the share of a column's cells that decides; the longest few may wrap
_NAME = 4.0  # ems up to which a cell is never wrapped while there is any room
_TERM = 8.5  # ems up to which a cell is a term rather than a sentence, and stays whole if it can


@dataclass(frozen=True)
class Fit:
    """Type size as a part of the body size, column widths in per cent of the table.

    ``line_height`` and ``padding`` (above and below) are in ems of the table. ``whole`` is whether
    nearly every cell stays on one line; ``comfortable``, whether names and terms do at a size that
    reads well on a wall.
    """

    size: float
    line_height: float
    padding: float
    percents: tuple[float, ...]
    whole: bool
    comfortable: bool


def steps(table: Table | None) -> range:
    """How closely the sheet may be set, beginning with the roomiest that suits the table."""
    return range(1 if table and len(table.rows) > _LONG_TABLE else 0, len(_STEPS))


def looseness(step: int) -> float:
    """The room before the signature, as a part of the usual: from all of it to half."""
    return 1 - step / (len(_STEPS) - 1) / 2


def fit(table: Table, ems: float, step: int | None = None) -> Fit:
    """Type size, room and widths for ``table`` on a type area ``ems`` wide (in ems of the body size).

    ``step`` is one of ``steps(table)``, the first if none is given. Weights given by the caller
    decide how the room beyond the wishes is shared out; where all are equal, the columns with the
    longest text get it.
    """
    whole, twofold, narrow, least, bare = [], [], [], [], []
    for index, column in enumerate(table.columns):
        cells = [row[index] for row in table.rows]
        lengths = sorted(max(map(width, cell.split("\n"))) for cell in cells) or [0.0]
        usual = lengths[ceil((len(lengths) - 1) * _USUAL)]
        heading = max(map(width, column.label.replace("（", "\n（").split("\n")))
        piece = max(width(piece) for text in {column.label, *cells} for piece in pieces(text) or [""])
        bare.append(_PADDING + piece)
        piece = max(piece, min(usual, _NAME))
        whole.append(_PADDING + max(usual, width(column.label)))
        usual = max(usual, heading)
        twofold.append(_PADDING + min(usual, max(piece, _TERM, usual / 2)))
        narrow.append(_PADDING + min(usual, max(piece, _TERM)))
        least.append(_PADDING + piece)
    largest, line_height, padding = _STEPS[steps(table)[0] if step is None else step]
    wishes = [
        (whole, largest),
        (whole, min(_S12, largest)),
        (twofold, min(_S12, largest)),
        (twofold, _S10),
        (narrow, _S10),
        (least, _S10),
        (least, _S9),
    ]
    floor, size = next(((floor, size) for floor, size in wishes if sum(floor) <= ems / size), (bare, _S9))
    room = ems / size
    weights = [column.weight for column in table.columns]
    if sum(floor) >= room:
        shares = floor
    elif len(set(weights)) > 1:
        shares = _by_weight(floor, weights, room)
    else:
        lacking = [wish - given for wish, given in zip(whole, floor, strict=True)]
        parts = lacking if sum(lacking) > 0 else whole
        spare = (room - sum(floor)) / sum(parts)
        shares = [given + spare * part for given, part in zip(floor, parts, strict=True)]
    percents = tuple(100 * share / sum(shares) for share in shares)
    return Fit(
        size, line_height, padding, percents, whole=floor is whole, comfortable=floor in (whole, twofold, narrow)
    )


def block_ems(geometry: Sheet, blocks: int) -> float:
    """How wide each of ``blocks`` side by side is, in ems of the body size."""
    return (geometry.type_ems - BLOCK_GAP * (blocks - 1)) / blocks


def blocks(table: Table, geometry: Sheet, tail: float) -> int:
    """In how many blocks side by side ``table`` is set, what follows it being ``tail`` ems wide."""
    lies = geometry.type_width > geometry.type_height
    half = block_ems(geometry, 2)
    return 2 if lies and len(table.rows) > _LOW_SHEET and tail <= half and fit(table, half).whole else 1


def wants_landscape(table: Table) -> bool:
    """Whether ``table`` is too wide for an upright sheet of any paper size and better off on its side."""
    geometry = sheet("A4", landscape=False)
    return not fit(table, geometry.type_ems).comfortable


def _by_weight(floor: list[float], weights: list[float], room: float) -> list[float]:
    """Divide ``room`` by weight, but give no column less than its floor."""
    shares, free, left = list(floor), set(range(len(floor))), room
    while free:
        unit = left / sum(weights[i] for i in free)
        tight = {i for i in free if floor[i] > weights[i] * unit}
        if not tight:
            for i in free:
                shares[i] = weights[i] * unit
            break
        left -= sum(floor[i] for i in tight)
        free -= tight
    return shares
