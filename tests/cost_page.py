"""The results of `docs/cost.md` from its assumptions: `python -m tests.cost_page` writes them."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "cost.md"
ROWS = (22_000, 1_000_000, 10_000_000)
_HEADING = "| rows | granularity | online | hours | batch | own GPUs | node hours |"
_RESULTS = re.compile(r"(?<=<!-- results -->\n).*?(?=<!-- end -->)", re.DOTALL)


def table(text: str, heading: str) -> dict[str, list[float]]:
    """Return the numbers of each line of the table that begins with this heading."""
    lines = text.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {name: [float(value.replace(",", "")) for value in values] for name, *values in cells}


def with_results(text: str) -> str:
    """Return the page with the results that follow from its assumptions."""
    per_row = table(text, "per row")
    prices = {name: values[0] for name, values in table(text, "price or speed").items()}
    lines = [_HEADING, "|---|---|---|---|---|---|---|"]
    for rows in ROWS:
        for place, granularity in enumerate(("item", "pairs")):
            cells = results(rows, [values[place] for values in per_row.values()], prices)
            lines.append(f"| {rows:,} | `{granularity}` | {' | '.join(cells)} |")
    return _RESULTS.sub("\n".join([*lines, ""]), text)


def results(rows: int, per_row: list[float], prices: dict[str, float]) -> list[str]:
    """Return the cells of one line, by the formulas of the page."""
    requests, prompt, cached, completion = per_row
    online = rows * (
        prompt * prices["million prompt tokens ($)"] + completion * prices["million completion tokens ($)"]
    )
    online /= 1_000_000
    hours = rows * requests / prices["requests per second online"] / 3600
    seconds = prompt * (1 - cached) / prices["prompt tokens per second and node"]
    seconds += completion / prices["completion tokens per second and node"]
    node_hours = rows * seconds / prices["busy share of a node's time"] / 3600
    own = node_hours * prices["GPUs per node"] * prices["GPU hour ($)"]
    batch = online * (1 - prices["batch discount"])
    return [f"${shown(online)}", shown(hours), f"${shown(batch)}", f"${shown(own)}", shown(node_hours)]


def shown(value: float) -> str:
    """Return two significant digits."""
    rounded = float(f"{value:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"


if __name__ == "__main__":
    PAGE.write_text(with_results(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
