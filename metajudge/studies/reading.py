"""A study's file becomes a `Study`; every error is one line that names file, table and key."""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from metajudge.data import ANNOTATOR
from metajudge.engine import JudgeConfig, check_key
from metajudge.errors import UsageError
from metajudge.llm import DEFAULT_BASE_URL, EMBEDDED
from metajudge.options import Option, options_of
from metajudge.reports.page.row_texts import TEXTS as PAGE_TEXTS
from metajudge.reports.row_scores import ScoringConfig
from metajudge.studies.study import Anchor, Decomposer, ModelUnderTest, ReportSettings, Study
from metajudge.studies.table import FLAG, TABLE, TEXT, TEXTS, Table, closest
from metajudge.tasks import CONTROLS, GUARDS, InferConfig, read_template, safe_filename
from metajudge.tasks.critic import AB, AGREE, BOTH, SUM, CriticStep
from metajudge.tasks.decompose import DecomposeStep

Made = TypeVar("Made")

_TABLES = ("data", "judge", "decomposer", "models", "control", "human-reference", "anchor", "report")
_OF_THE_RUN = ("max_cost", "limit", "allow_mixed", "skip_failed")
"""Options of a judge that belong to a run and not to an endpoint."""
_PRICE = Option(kind="float", least=0)
_ENDPOINT = {
    **{name: one for name, one in options_of(JudgeConfig).items() if name not in _OF_THE_RUN},
    "model": TEXT,
    "api_base": TEXT,
    "api_key_env": TEXT,
    "extra_body": TABLE,
    "price_input": _PRICE,
    "price_output": _PRICE,
}
_MATCHING = {
    **{name: options_of(InferConfig)[name] for name in ("granularity", "top_k", "num_samples")},
    "guard": Option(choices=GUARDS),
    "prompt_template": TEXT,
}
_COUNT = Option(kind="int", least=0)
_DECOMPOSING = {"text_fields": TEXTS, "min_items": _COUNT, "max_items": Option(kind="int", least=1)}
_CRITIC = {
    "top_k": Option(kind="int", least=1),
    "orders": Option(choices=(AB, BOTH)),
    "orders_rule": Option(choices=(AGREE, SUM)),
    "max_input_tokens": Option(kind="int", least=100),
    "from_field": TEXT,
    "reasons_after": TEXT,
    "context_field": TEXT,
    "response_fields": TEXTS,
}
_REPORT = {
    **options_of(ScoringConfig),
    "resamples": Option(kind="int", least=100),
    "texts": Option(choices=PAGE_TEXTS),
}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_study(file: Path, *, needs_keys: bool = True) -> Study:
    """Read a study's file; `needs_keys` False: nothing will be sent, so that a missing key does not matter.

    Raises `UsageError` for what cannot be meant, with file, table and key in one line.
    """
    return _Reader(file, _parsed(file), needs_keys).study()


def _parsed(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UsageError(f"{file} does not exist; `study init {file}` writes one to start from") from None
    except IsADirectoryError:
        raise UsageError(f"{file} is a directory; name the file of the study, as in study.toml") from None
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: no UTF-8 (byte {error.start}); save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        hint = "; a text is in quotes" if "value" in str(error) else ""
        raise UsageError(f"{file}: no TOML: {error}{hint}") from None


class _Reader:
    """Reads one file."""

    def __init__(self, file: Path, data: Mapping[str, Any], needs_keys: bool) -> None:
        self._file, self._data, self._needs_keys = file, data, needs_keys

    def study(self) -> Study:
        """Return the study. Raises `UsageError` for a key, value or file that cannot be meant."""
        known = {"folder": TEXT, "flaws": FLAG, **{name: TABLE for name in _TABLES if name != "models"}}
        above = {key: value for key, value in self._data.items() if key != "models"}
        for key, value in above.items():
            if key not in known:
                raise self._table("").error(key, f": unknown; {closest(key, [*known, 'models'])}")
            if isinstance(value, list) and known[key] is TABLE:
                raise self._table(f"[[{key}]]").error("", f"there is one {key}: write [{key}]")
        top = self._table("", above).checked(known)
        data = self._known("data", {"rows": TEXT, "limit": options_of(InferConfig)["limit"]}, needs="rows")
        judge, matching = self._judge()
        if top.get("flaws") and judge.model == EMBEDDED:
            raise self._table("").error("flaws", ": the embedded judge cannot read reasons; name a language model")
        folder = self._path(top["folder"]) if "folder" in top else self._file.with_suffix("")
        if folder == self._file or folder.is_file():
            raise self._table("").error("folder", f" {folder} is a file; name a directory")
        study = Study(
            file=self._file,
            folder=folder,
            rows=self._existing("[data]", "rows", data["rows"]),
            limit=data.get("limit"),
            judge=judge,
            matching=matching,
            decomposer=self._decomposer(),
            models=self._models(),
            controls=self._controls(),
            human_reference="human-reference" in self._data,
            flaws=top.get("flaws", False),
            anchor=self._anchor(),
            report=self._report(),
        )
        self._known("human-reference", {})
        return study

    # ------------------------------------------------------------------ tables

    def _judge(self) -> tuple[JudgeConfig, dict[str, Any]]:
        values = self._known("judge", _ENDPOINT | _MATCHING, needs="model")
        matching = {key: values.pop(key) for key in _MATCHING if key in values}
        if "prompt_template" in matching:
            path = self._existing("[judge]", "prompt_template", matching["prompt_template"])
            matching["prompt_template"] = read_template(path)
        return self._endpoint("[judge]", values), matching

    def _decomposer(self) -> Decomposer | None:
        if "decomposer" not in self._data:
            return None
        values = self._known("decomposer", _ENDPOINT | _DECOMPOSING, needs="model")
        settings = {key: values.pop(key) for key in _DECOMPOSING if key in values}
        endpoint = self._endpoint("[decomposer]", values, matching=False)
        fields_ = tuple(settings.pop("text_fields", ()))
        step = DecomposeStep(text_fields=fields_, system_message=endpoint.system_message, **settings)
        if step.min_items > step.max_items:
            raise self._table("[decomposer]").error(
                "min_items", f" {step.min_items} is more than max_items {step.max_items}"
            )
        return Decomposer(endpoint, step)

    def _models(self) -> tuple[ModelUnderTest, ...]:
        tables = self._data.get("models")
        if isinstance(tables, dict):
            raise UsageError(f"{self._file}: [models] is written [[models]], once for each model")
        if not isinstance(tables, list) or not tables or not all(isinstance(one, dict) for one in tables):
            raise UsageError(f"{self._file}: no model under test; add a table [[models]] with a name for each")
        found: dict[str, ModelUnderTest] = {}
        for number, values in enumerate(tables, 1):
            model = self._model(number, values)
            key = safe_filename(model.name).lower()
            if key in found:
                raise UsageError(
                    f"{self._file}: [[models]] {number}: name {model.name} is there twice, or its file would be that "
                    f"of {found[key].name}; give it another name"
                )
            found[key] = model
        return tuple(found.values())

    def _model(self, number: int, values: Mapping[str, Any]) -> ModelUnderTest:
        name = values.get("name")
        table = Table(self._file, f"[[models]] {name if isinstance(name, str) and name.strip() else number}", values)
        given = table.checked({"name": TEXT} | _ENDPOINT | _CRITIC)
        name = given.pop("name", "").strip()
        if not name:
            raise table.error("name", " is missing: the model's name in the tables")
        if name.lower() in ("human", "all", "annotators") or "," in name or ANNOTATOR.fullmatch(name):
            raise table.error("name", f" {name} is not allowed for a model; give it another name")
        settings = {key: given.pop(key) for key in _CRITIC if key in given}
        if "response_fields" in settings:
            settings["response_fields"] = tuple(settings["response_fields"])
            if len(settings["response_fields"]) != 2:
                raise table.error("response_fields", ' names two fields, as in ["response_A", "response_B"]')
        if "from_field" in settings:
            if given:
                raise table.error("from_field", f" reads a text and asks nothing: leave out {next(iter(given))}")
            return ModelUnderTest(name, None, CriticStep(model_name=name, **settings))
        if not given:
            if settings:
                raise table.error("model", f" is missing: {next(iter(settings))} is about a request")
            return ModelUnderTest(name, None, None)
        if "model" not in given:
            raise table.error("model", " is missing: the name under which the endpoint serves it")
        if settings.get("orders_rule") == SUM and settings.get("orders") != BOTH:
            raise table.error("orders_rule", ' "sum" needs two verdicts; add orders = "both"')
        endpoint = self._endpoint(table.name, given, matching=False)
        return ModelUnderTest(
            name, endpoint, CriticStep(model_name=name, system_message=endpoint.system_message, **settings)
        )

    def _controls(self) -> tuple[str, ...]:
        if "control" not in self._data:
            return ()
        kinds = self._known("control", {"kinds": TEXTS}).get("kinds", list(CONTROLS))
        for kind in kinds:
            if kind not in CONTROLS:
                raise self._table("[control]").error("kinds", f": {kind} is no control; {closest(kind, CONTROLS)}")
        return tuple(dict.fromkeys(kinds))

    def _anchor(self) -> Anchor | None:
        if "anchor" not in self._data:
            return None
        known = {"file": TEXT, "margin": Option(kind="float", least=0, most=1)}
        values = self._known("anchor", known, needs="file")
        return Anchor(self._existing("[anchor]", "file", values["file"]), values.get("margin", 0.05))

    def _report(self) -> ReportSettings:
        values = self._known("report", _REPORT)
        own: dict[str, Any] = {key: values.pop(key) for key in ("resamples", "texts") if key in values}
        scoring = self._made("[report]", ScoringConfig, values)
        return replace(ReportSettings(scoring), **own)

    # ------------------------------------------------------------------ parts of tables

    def _endpoint(self, table: str, given: Mapping[str, Any], *, matching: bool = True) -> JudgeConfig:
        """Make the endpoint of a table. A server that it names gets a key only by `api_key_env`."""
        values = dict(given)
        variable, base = values.pop("api_key_env", None), values.get("api_base")
        prices = [values.pop(f"price_{side}", None) for side in ("input", "output")]
        if (prices[0] is None) != (prices[1] is None):
            raise self._table(table).error("price_input", " and price_output go together; give both")
        if prices[0] is not None:
            values["prices"] = tuple(prices)
        if not matching and values["model"] == EMBEDDED:
            raise self._table(table).error("model", " embedded only matches lists; name a language model")
        if variable is not None:
            values["api_key"] = self._key(table, variable)
        elif base is not None:
            values["api_key"] = ""
        config: JudgeConfig = self._made(table, JudgeConfig.from_environment, values)
        if base is not None and variable is None and DEFAULT_BASE_URL in config.base_urls:
            config = replace(config, api_key=os.environ.get("OPENAI_API_KEY", "").strip())
        try:
            if self._needs_keys:
                check_key(config, matching=matching)
        except UsageError as error:
            raise self._table(table).error("", str(error)) from None
        return config

    def _key(self, table: str, variable: str) -> str:
        # The value is never shown: it may be the key itself.
        if not _VARIABLE.fullmatch(variable):
            raise self._table(table).error("api_key_env", " is no name of a variable; name the one that holds the key")
        key = os.environ.get(variable, "").strip()
        if not key and self._needs_keys:
            raise self._table(table).error("api_key_env", ": the variable that it names is not set; set it and go on")
        return key

    def _made(self, table: str, make: Callable[..., Made], values: Mapping[str, Any]) -> Made:
        try:
            return make(**values)
        except (UsageError, ValueError) as error:
            raise self._table(table).error("", str(error).replace("`", "")) from None

    def _known(self, name: str, known: Mapping[str, Option], *, needs: str = "") -> dict[str, Any]:
        """Return the checked values of a table that may be missing, unless it `needs` a key."""
        table = self._table(f"[{name}]", self._data.get(name, {}))
        found = table.checked(known)
        if needs and needs not in found:
            where = "is missing" if name in self._data else f"is missing: the file has no table [{name}]"
            raise table.error(needs, f" {where}")
        return found

    def _table(self, name: str, values: Mapping[str, Any] | None = None) -> Table:
        return Table(self._file, name, values or {})

    def _path(self, text: str) -> Path:
        """Return a path of the file, which is relative to the file's own folder."""
        return self._file.parent / Path(text).expanduser()

    def _existing(self, table: str, key: str, text: str) -> Path:
        path = self._path(text)
        if not path.is_file():
            what = "is a directory" if path.is_dir() else "does not exist"
            raise self._table(table).error(key, f": {path} {what}; paths are relative to the folder of this file")
        return path
