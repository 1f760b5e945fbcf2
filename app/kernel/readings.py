"""How characters and words are read, as pypinyin has it: written out at the set-up as the text that ``pinyin`` reads.

Its dictionaries would take 55 MB of every process and half a second of each start; the text takes four and no time.
"""

import json
import sys

from pypinyin import Style, lazy_pinyin, pinyin
from pypinyin.constants import PHRASES_DICT, PINYIN_DICT


def table() -> dict[str, object]:
    """What ``pinyin`` reads.

    ``characters`` has a line for all that are read alike: how, the usual way first, and the characters. ``words`` has
    for each first character the words of more than one, and how they are read where that is not the usual way.
    """
    alike: dict[str, str] = {}
    usual: dict[str, str] = {}
    for character in map(chr, sorted(PINYIN_DICT)):
        ways = tuple(dict.fromkeys(pinyin(character, style=Style.NORMAL, heteronym=True)[0]))
        usual[character] = ways[0]
        alike[" ".join(ways)] = alike.get(" ".join(ways), "") + character
    words: dict[str, str] = {}
    for word in sorted(PHRASES_DICT):
        read = lazy_pinyin(word, style=Style.NORMAL)
        unusual = "" if read == [usual[character] for character in word] else ",".join(read)
        words[word[0]] = f"{words.get(word[0], ' ')}{word}={unusual} "
    characters = "".join(f"{ways} {read_so}\n" for ways, read_so in alike.items())
    return {"characters": characters, "words": words, "longest": max(map(len, PHRASES_DICT))}


if __name__ == "__main__":
    sys.stdout.buffer.write(json.dumps(table(), ensure_ascii=False).encode())  # whatever the machine writes otherwise
