"""Whether a batch has exactly one outcome and one charge for each line, whatever happened to the gateway."""
import collections
import dataclasses

from . import batches
from .ledger import Books


@dataclasses.dataclass
class Check:
    """One thing that must hold, what was found, and whether it holds."""

    name: str
    holds: bool
    found: str


def _duplicates(values):
    return [value for value, count in collections.Counter(values).items() if count > 1]


def _some(values, limit=5):
    listed = sorted(map(str, values))
    return ", ".join(listed[:limit]) + (f" and {len(listed) - limit} more" if len(listed) > limit else "")


def of_batch(client, data, batch, custom_ids):
    """Reads files, store and batch object of a batch that has ended; returns the checks."""
    output, errors = batches.rows(client, batch.output_file_id), batches.rows(client, batch.error_file_id)
    books = Books(data)
    charges, results = books.charges(batch.id), books.results(batch.id)
    seen = [row["custom_id"] for row in output + errors]
    usages = [row["response"]["body"]["usage"] for row in output]
    tokens = {
        "output file": (sum(u["prompt_tokens"] for u in usages), sum(u["completion_tokens"] for u in usages)),
        "charges": (sum(c["input"] for c in charges), sum(c["output"] for c in charges)),
        "batch usage": (batch.usage.input_tokens, batch.usage.output_tokens) if batch.usage else (0, 0),
    }
    succeeded = [row["line"] for row in results if row["succeeded"]]
    charged = sorted(charge["line"] for charge in charges)
    missing, foreign = set(custom_ids) - set(seen), set(seen) - set(custom_ids)
    counted = batch.request_counts
    orphans = books.orphans()
    return [
        Check("every custom_id has a row", not missing and not foreign,
              f"missing: {_some(missing)}; foreign: {_some(foreign)}" if missing or foreign else f"{len(set(seen))}"),
        Check("no custom_id has two rows", not _duplicates(seen), _some(_duplicates(seen)) or "none"),
        Check("output rows are answers, error rows are not",
              all(row["response"]["status_code"] == 200 for row in output)
              and all(not row["response"] or row["response"]["status_code"] >= 400 for row in errors),
              f"{len(output)} and {len(errors)}"),
        Check("one charge for each answered line", charged == succeeded,
              f"{len(charges)} charges, {len(succeeded)} answered lines"),
        Check("output rows, results and counts agree",
              len(output) == len(succeeded) == counted.completed and counted.total == len(custom_ids),
              f"{len(output)} rows, {len(succeeded)} results, counts {counted.completed}/{counted.total}"),
        Check("tokens agree", len(set(tokens.values())) == 1,
              "; ".join(f"{name} {value[0]}+{value[1]}" for name, value in tokens.items())),
        Check("charges have ids of their own", not _duplicates(charge["request"] for charge in charges), "none shared"),
        Check("the store is sound", books.integrity() == "ok", books.integrity()),
        Check("no blob without an owner", not orphans, _some(orphans) or "none"),
    ]


def assert_all(checks):
    broken = [f"{check.name}: {check.found}" for check in checks if not check.holds]
    assert not broken, "\n".join(broken)
