"""The numbers of bench/rest into Markdown: Kitestream, Kafka Connect, and how many times better Kitestream is."""

from usage import median

OURS, THEIRS = "Kitestream", "Kafka Connect"
PIPELINES = {"disabled": "at least once", "enabled": "exactly once"}  # exactly.once.source.support


def markdown(results):
    options = results["options"]
    paused = f"{options['connectors']} paused sources"
    lines = ["| measured | Kitestream | Kafka Connect | times better |", "|---|---|---|---|"]
    lines += [_less("start to the first 200 on `/`", results["start"], "root_s", "{:.2f} s"),
              _less("start to the first 200 on `/connectors`", results["start"], "ready_s", "{:.2f} s"),
              _less("RSS without connectors", results["empty"], "rss_mib", "{:.0f} MiB"),
              _less(f"{options['connectors']} sources created, one after the other", results["created"], "created_s",
                    "{:.1f} s"),
              _less(f"RSS, {paused}", results["paused"], "rss_mib", "{:.0f} MiB"),
              _less(f"threads, {paused}", results["paused"], "threads", "{}"),
              _less(f"CPU, {paused}, no requests", results["paused"], "cpu_percent", "{:.1f} % of a core")]
    lines += [_requests(results, count, paused) for count in (1, 8)]
    for support, what in PIPELINES.items():
        lines += _pipeline(results[support], what)
    return "\n".join([*lines, "", *_about(results)])


def _row(what, ours, theirs, form, better):
    return f"| {what} | {form.format(ours)} | {form.format(theirs)} | **{better:.1f}** |"


def _less(what, results, key, form):
    ours, theirs = results[OURS][key], results[THEIRS][key]
    return _row(what, ours, theirs, form, theirs / ours)


def _requests(results, count, paused):
    rounds = results[f"requests_{count}"]
    ratios = [one[OURS]["requests_s"] / one[THEIRS]["requests_s"] for one in rounds]
    ours, theirs = (median([one[who]["requests_s"] for one in rounds]) for who in (OURS, THEIRS))
    connections = "1 connection" if count == 1 else f"{count} connections"
    return _row(f"`GET /connectors?expand=status&expand=info`, {paused}, {connections}", ours, theirs, "{:.0f} /s",
                median(ratios))


def _pipeline(pipeline, delivery):
    lines = []
    for kind, what in (("quiet", "with no lines to copy"), ("busy", "at full speed")):
        both = {who: one[kind] for who, one in pipeline.items()}
        lines.append(_row(f"mixed GETs, median / p99, beside a file copied {delivery}, {what}", both[OURS],
                          both[THEIRS], "{0[median_ms]:.1f} / {0[p99_ms]:.1f} ms",
                          both[THEIRS]["p99_ms"] / both[OURS]["p99_ms"]))
    ours, theirs = pipeline[OURS], pipeline[THEIRS]
    lines.append(_row(f"lines copied {delivery} meanwhile", ours["lines_s"], theirs["lines_s"], "{:,.0f} /s",
                      ours["lines_s"] / theirs["lines_s"]))
    per_million = {who: {"s": 1e4 * one["cpu_percent"] / one["lines_s"]} for who, one in pipeline.items()}
    return lines + [_less(f"CPU for a million lines {delivery}", per_million, "s", "{:.1f} s"),
                    _less("RSS meanwhile", pipeline, "rss_mib", "{:.0f} MiB")]


def _about(results):
    requests = [one for count in (1, 8) for each in results[f"requests_{count}"] for one in each.values()]
    pipeline = [one[kind] for support in PIPELINES for one in results[support].values() for kind in ("quiet", "busy")]
    loads = [one["load"] for one in requests + pipeline] + [one["load"] for one in results["created"].values()]
    options = results["options"]
    return [f"- {options['starts']} starts each in turn, {options['rounds']} rounds of {options['seconds']} s for each "
            f"kind of request, in turn: medians. Mixed GETs: {options['rate']} a second on one connection, times from "
            "when each was due; the factor is that of p99.",
            f"- The client used at most {max(one['client_percent'] for one in requests + pipeline):.0f} % of a core; "
            f"load average {results['began']['load']:.1f} before, {min(loads):.1f} – {max(loads):.1f} meanwhile, on "
            f"{options['cores']} cores."]
