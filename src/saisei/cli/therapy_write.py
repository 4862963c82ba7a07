"""Writing the therapy in silico: three Parquet tables and a page of how they were made, in one folder.

Finished chunks are kept in `.parts` until the tables are whole; the same command goes on after the last
one that was kept. Chunks have a fixed size, so neither a stop nor the number of workers changes a byte.
"""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saisei.cli.exam_files import say
from saisei.cli.files import finished_file, write_text
from saisei.errors import InputError

if TYPE_CHECKING:
    from saisei.patient.treated import Treated

__all__ = ["TABLES", "Gains", "Store"]

TABLES = ("visits", "people", "images")
_RUN = "run.json"
_PARTS = ".parts"


class Store:
    """The folder of one run.

    Args:
        out: the folder.
        made: how the run is made; a folder of another run is refused.
    """

    def __init__(self, out: Path, made: Mapping[str, Any]) -> None:
        self.out, self.made = out, json.loads(json.dumps(made))
        self.parts = out / _PARTS
        if out.exists() and not out.is_dir():
            raise InputError(f"{out} is a file: name a folder with --out")
        run = out / _RUN
        if run.exists():
            self._require_same(run)
        elif out.exists() and any(out.iterdir()):
            raise InputError(f"{out} holds other files: name a new or empty folder with --out")
        try:
            self.parts.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"cannot write {out}: {error.strerror} (name another place)"
            ) from error
        if not run.exists():
            write_text(run, json.dumps({"made": self.made}, indent=1) + "\n")

    def _require_same(self, run: Path) -> None:
        try:
            there = json.loads(run.read_text(encoding="utf-8"))["made"]
        except (OSError, ValueError, KeyError, TypeError):
            raise InputError(f"{run} cannot be read: name another folder with --out") from None
        if there != self.made:
            differs = [key for key in self.made if there.get(key) != self.made[key]]
            raise InputError(
                f"{self.out} holds another run (it differs in {', '.join(differs) or 'its form'}): name "
                "another folder with --out"
            )

    @property
    def finished(self) -> bool:
        """Whether all tables are whole."""
        return all((self.out / f"{name}.parquet").exists() for name in TABLES)

    def has(self, number: int) -> bool:
        """Whether a chunk is kept; the last table of a chunk is written last."""
        return self._path(number, TABLES[-1]).exists()

    def keep(self, number: int, tables: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep a chunk."""
        feather: Any = importlib.import_module("pyarrow.feather")
        for name in TABLES:
            path = self._path(number, name)
            partial = path.with_suffix(".partial")
            feather.write_feather(_arrow(tables[name], self.made), partial, "lz4")
            partial.replace(path)

    def people(self, number: int) -> Any:
        """The people of a kept chunk, as an Arrow table."""
        feather: Any = importlib.import_module("pyarrow.feather")
        return feather.read_table(self._path(number, "people"))

    def finish(self, chunks: int, summary: Mapping[str, Any]) -> None:
        """Join the chunks to whole tables, write the summary, remove the parts."""
        feather: Any = importlib.import_module("pyarrow.feather")
        pq: Any = importlib.import_module("pyarrow.parquet")
        for name in TABLES:
            with finished_file(self.out / f"{name}.parquet") as partial:
                writer: Any = None
                try:
                    for number in range(chunks):
                        table = feather.read_table(self._path(number, name))
                        if writer is None:
                            writer = pq.ParquetWriter(
                                partial, table.schema, **_encoding(table.schema)
                            )
                        writer.write_table(table)
                finally:
                    if writer is not None:
                        writer.close()
        text = json.dumps({"made": self.made, "summary": summary}, indent=1, allow_nan=False)
        write_text(self.out / _RUN, text + "\n")
        shutil.rmtree(self.parts, ignore_errors=True)

    def _path(self, number: int, table: str) -> Path:
        return self.parts / f"{number:06d}-{table}.arrow"


def _arrow(columns: Mapping[str, Any], made: Mapping[str, Any]) -> Any:
    import numpy as np

    pa: Any = importlib.import_module("pyarrow")
    arrays = {}
    for name, column in columns.items():
        kind = pa.string() if column.dtype == object else None
        mask = np.ma.getmaskarray(column) if isinstance(column, np.ma.MaskedArray) else None
        arrays[name] = pa.array(np.asarray(column), kind, mask=mask)
    return pa.table(arrays).replace_schema_metadata({"saisei.therapy": json.dumps(made)})


def _encoding(schema: Any) -> dict[str, Any]:
    real = [field.name for field in schema if str(field.type) in ("float", "double")]
    return {
        "compression": "zstd",
        "use_dictionary": [field.name for field in schema if field.name not in real],
        "use_byte_stream_split": real,
    }


class Gains:
    """What a run shows, arm beside arm, gathered from its people."""

    def __init__(self) -> None:
        self._kept: dict[str, list[Any]] = {}

    def add(self, table: Any) -> None:
        """Take in the people of one chunk (an Arrow table)."""
        for name in table.column_names:
            if name.startswith(("uems_", "lems_", "ais_")) or name in _EVENTS:
                self._kept.setdefault(name, []).append(table.column(name).to_numpy())

    def result(self) -> dict[str, Any]:
        """The summary: by arm AIS, scores and gains, then events of grafts."""
        import numpy as np

        whole = {name: np.concatenate(parts) for name, parts in self._kept.items()}
        arms = [name.removeprefix("ais_") for name in whole if name.startswith("ais_")]
        rows = []
        for arm in arms:
            ais = whole[f"ais_{arm}"]
            row: dict[str, Any] = {"arm": arm, "people": len(ais)}
            row |= {f"AIS {g}": int((ais == g).sum()) for g in "ABCDE"}
            row["mean UEMS"] = round(float(whole[f"uems_{arm}"].mean()), 2)
            row["mean LEMS"] = round(float(whole[f"lems_{arm}"].mean()), 2)
            if f"uems_gain_{arm}" in whole:
                gain = whole[f"uems_gain_{arm}"]
                low, middle, high = np.percentile(gain, [5, 50, 95])
                row["UEMS over natural"] = f"{middle:g} ({low:g} to {high:g})"
                row["mean over natural"] = round(float(gain.mean()), 3)
            if arm == "graft":
                row["mean added by cells"] = round(float(whole["uems_added_by_graft"].mean()), 3)
            rows.append(row)
        return {"arms": rows, "grafts": self._events(whole)}

    def _events(self, whole: dict[str, Any]) -> dict[str, Any]:
        import numpy as np

        delay = whole["detection_delay_days"]
        delay = delay[~np.isnan(delay)]
        return {
            "no motor effect (the spike)": round(float(whole["true_nil"].mean()), 4),
            "rejection begun by the last visit": round(float(whole["rejected"].mean()), 4),
            "overgrowth founded": round(float((whole["true_founders"] > 0).mean()), 5),
            "overgrowth seen on MRI": round(
                float((~np.isnan(whole["overgrowth_detected_day"])).mean()), 5
            ),
            "median delay from visible to seen, days": (
                round(float(np.median(delay)), 1) if len(delay) else None
            ),
        }


_EVENTS = (
    "true_nil", "rejected", "true_founders", "overgrowth_detected_day", "detection_delay_days",
)  # fmt: skip


def run_chunks(
    store: Store,
    spans: list[tuple[int, int]],
    make: Callable[[int, int], Treated],
    tables: Callable[[Treated], Mapping[str, Mapping[str, Any]]],
    workers: int,
    step: Callable[[int], Any],
) -> Gains:
    """Make what is missing on some threads, keep it, gather the people of all chunks in order."""
    from concurrent.futures import Future, ThreadPoolExecutor

    missing = [number for number in range(len(spans)) if not store.has(number)]
    if done := len(spans) - len(missing):
        say(f"{store.out}: going on; {done} of {len(spans)} parts were there")
        step(sum(spans[k][1] - spans[k][0] for k in range(len(spans)) if k not in set(missing)))

    def one(number: int) -> int:
        store.keep(number, tables(make(*spans[number])))
        return number

    with ThreadPoolExecutor(workers) as pool:
        futures: list[Future[int]] = [pool.submit(one, number) for number in missing]
        try:
            for future in futures:
                number = future.result()
                step(spans[number][1] - spans[number][0])
        except BaseException:
            for future in futures:
                future.cancel()
            raise
    gains = Gains()
    for number in range(len(spans)):
        gains.add(store.people(number))
    return gains
