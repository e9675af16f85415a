"""A judge whose scores scatter round planted ones: `python -m tests.servers.noisy [--noise P]`.

A pair's planted score is drawn from the texts of its items; a model item that begins with `copy of R2` makes the point
R2. Each reply moves each score by one step with probability P, also to 0 or away from it.
"""

import argparse
import asyncio
import random

from aiohttp import web

from metajudge.embedded.server import PAIRS_RULE, Lists, read_question
from metajudge.metrics import Match, best_matches
from metajudge.text import plain_block
from tests.servers.faulty import completion, serve

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
_RELATED = 0.2
"""Share of the pairs with a planted score above 0."""


def planted(human: str, model: str) -> float:
    """Return the true score of a pair, the same in every process."""
    drawn = random.Random(f"{human}\n{model}")
    return drawn.choice(STEPS[1:]) if drawn.random() < _RELATED else 0.0


def reply(lists: Lists, noise: float, draw: random.Random) -> str:
    """Return the result block of a question of any granularity."""
    matrix = [[_moved(planted(human, model), noise, draw) for model in lists.model] for human in lists.human]
    if lists.only:
        return plain_block(Match(number, lists.only, row[0]) for number, row in enumerate(matrix, 1))
    best = best_matches([[*row] for row in matrix])
    if not lists.pairs:
        return plain_block(best)
    named = [Match(r, s, score) for r, row in enumerate(matrix, 1) for s, score in enumerate(row, 1) if score]
    return plain_block(sorted([*named, *(mark for mark in best if not mark.model_item)]))


def _moved(score: float, noise: float, draw: random.Random) -> float:
    if draw.random() >= noise:
        return score
    place = STEPS.index(score) + draw.choice((-1, 1))
    return STEPS[min(max(place, 0), len(STEPS) - 1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--noise", type=float, default=0.2, metavar="P")
    noise, draw = parser.parse_args().noise, random.Random(0)

    async def chat(request: web.Request) -> web.Response:
        messages = (await request.json())["messages"]
        asks_pairs = PAIRS_RULE in messages[0]["content"]
        return completion(reply(read_question(messages[-1]["content"], asks_pairs), noise, draw))

    app = web.Application(client_max_size=50_000_000)
    app.router.add_post("/v1/chat/completions", chat)
    asyncio.run(serve(app))


if __name__ == "__main__":
    main()
