"""Compare the Chinese pages with the English ones: `python -m tests.translations`.

It prints the differences that a program can see. After you compared the texts, `--stamp` writes the hashes of both
into the Chinese page. A test fails when a text does not have its hash: one language was changed and nobody compared.
"""

import hashlib
import posixpath
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAIRS = {
    "README.md": "README_zh.md",
    "docs/index.md": "docs/zh/index.md",
    "docs/getting-started.md": "docs/zh/getting-started.md",
}
TERMS = "\n## 术语对照\n"  # the last section of README_zh.md, which README.md does not have
_STAMP = re.compile(r"\n<!-- translation of .* -->\n")
_BLOCK = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_FIGURE = re.compile(r"\d*\.\d+|\d+ ?%")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def differences(page: str, english: str, chinese: str) -> dict[str, tuple[list[str], list[str]]]:
    """Return what differs between the English text of `page` and the Chinese one, each as (English, Chinese)."""
    original = _facts(page, english)
    translation = _facts(PAIRS[page], _STAMP.sub("", chinese).partition(TERMS)[0])
    return {name: (found, translation[name]) for name, found in original.items() if found != translation[name]}


def _facts(page: str, text: str) -> dict[str, list[str]]:
    """Return what both languages share; the order of words differs, so inside of sentences nothing is in order."""
    prose = _BLOCK.sub("", text)
    return {
        "code blocks": [_without_labels(block) for block in _BLOCK.findall(text)],
        "headings, lists and tables": re.findall(r"^(?:#+|-|\d\.|\|)", prose, re.MULTILINE),
        "code in sentences": sorted(re.findall(r"`([^`\n]+)`", prose)),
        "figures": sorted(figure.replace(" ", "") for figure in _FIGURE.findall(_LINK.sub("]", prose))),
        "links": sorted(_english_target(page, link) for link in _LINK.findall(prose)),
    }


def _without_labels(block: str) -> str:
    """Return a code block, a diagram without the texts of its boxes: these are translated."""
    return re.sub(r'"[^"]*"', '""', block) if block.startswith("```mermaid") else block


def _english_target(page: str, link: str) -> str:
    """Return the target seen from the root; a Chinese page counts as the English one."""
    if re.match(r"[a-z]+:", link):
        return link
    name, sharp, anchor = link.partition("#")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), name))
    english = {translation: original for original, translation in PAIRS.items()}
    return english.get(path, path) + sharp + anchor


def stamped(page: str, english: str, chinese: str) -> str:
    """Return the Chinese text with the stamp that names the present state of both texts."""
    text = _STAMP.sub("", chinese)
    return f"{text}\n<!-- translation of {page}, sha256 {_hash(english)}; this text {_hash(text)} -->\n"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def main(stamp: bool) -> int:
    """Print what differs, write the stamps of pages without a difference if asked, and return the exit code."""
    faults = 0
    for page, translation in PAIRS.items():
        path = ROOT / translation
        english, chinese = (ROOT / page).read_text(encoding="utf-8"), path.read_text(encoding="utf-8")
        found = differences(page, english, chinese)
        faults += len(found)
        for name, (original, translated) in found.items():
            print(f"{translation}: {name} differ\n  {page}: {original}\n  {translation}: {translated}")
        if stamp and not found:
            path.write_text(stamped(page, english, chinese), encoding="utf-8")
        elif chinese != stamped(page, english, chinese):
            faults += 1
            print(f"{translation}: a text changed since the last comparison; compare them, then add --stamp")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main("--stamp" in sys.argv[1:]))
