"""Numbers into Markdown: medians over the rounds, ratios round by round, each beside what design.md §11 wants."""

from usage import median


def markdown(results):
    rounds, rows = results["rounds"], results["options"]["rows"]
    lines = ["| measured | Kitestream | beside it | ratio, median (least – most of the rounds) | wanted |",
             "|---|---|---|---|---|"]
    lines += _rates(rounds) + _costs(rounds, rows / 1e6)
    if "delay" in results:
        lines += _delays(results["delay"])
    if "idle" in results:
        idle = results["idle"]
        lines.append(f"| idle worker, {results['options']['pchannels']} pchannels ticking | {idle['cpu_percent']:.1f} % of a core, "
                     f"{idle['rss_mib']:.0f} MiB | | | < 2 %, < 50 MB |")
    return "\n".join(lines + ["", _conditions(results)])


def _rates(rounds):
    return [_ratio(rounds, "source, backlog", "source", "copy", "rows_s", "≥ 0.8", "raw copy {}"),
            _ratio(rounds, "sink, backlog", "sink", "plain", "rows_s", "≥ 0.9", "plain client {}"),
            f"| source and sink in one process, backlog | {_rows(_median(rounds, 'both', 'rows_s'))} | | | |"]


def _ratio(rounds, what, ours, theirs, key, wanted, beside):
    ratios = [one[ours][key] / one[theirs][key] for one in rounds]
    show = _rows if key == "rows_s" else _cpu
    return (f"| {what} | {show(_median(rounds, ours, key))} | {beside.format(show(_median(rounds, theirs, key)))} | "
            f"**{median(ratios):.2f}** ({min(ratios):.2f} – {max(ratios):.2f}) | {wanted} |")


def _costs(rounds, millions):
    scaled = [{who: {"cpu": used["cpu_s"] / millions} for who, used in one.items()} for one in rounds]
    lines = [_ratio(scaled, "source, CPU for a million rows", "source", "copy", "cpu", "", "raw copy {}"),
             _ratio(scaled, "sink, CPU for a million rows", "sink", "plain", "cpu", "≤ 0.25", "plain client {}")]
    both = _median(scaled, "both", "cpu")
    lines.append(f"| source and sink in one process, CPU for a million rows | {_cpu(both)} | | | ≤ 3.6 s |")
    for who, wanted in (("source", ""), ("sink", ""), ("both", "≤ 100 MiB")):
        name = "source and sink in one process" if who == "both" else who
        peak = max(one[who]["rss_peak_mib"] for one in rounds)
        beside = f"plain client {_median(rounds, 'plain', 'rss_peak_mib'):.0f} MiB" if who == "sink" else ""
        lines.append(f"| {name}, peak RSS | {peak:.0f} MiB | {beside} | | {wanted} |")
    return lines


def _delays(delay):
    def line(what, key, beside="", wanted=""):
        return f"| {what} | {_ms(delay[key])} | {beside} | | {wanted} |"
    source = f"source's own: {_ms(delay['visible_source'])}"
    return [line("delay: the tick that closes a row → received from Kafka", "closed_kafka", wanted="≤ 50 / 150 ms"),
            line("delay: received from Kafka → acknowledged by the target", "kafka_target", wanted="≤ 100 / 250 ms"),
            line("delay: a row's own tick → the tick that closes it (Milvus)", "tick_closed"),
            line("delay: insert sent → acknowledged by the target", "sent_target"),
            line("delay: insert sent → found by a Strong query of the target", "visible_target", source)]


def _conditions(results):
    rounds, options = results["rounds"], results["options"]
    loads = [one[who]["load"] for one in rounds for who in ("source", "copy", "sink", "plain", "both")]
    text = (f"{len(rounds)} rounds of {options['rows']:,} rows of {options['dim']} dimensions; load average on "
            f"{options['cores']} cores {min(loads):.1f} – {max(loads):.1f} during the rounds")
    if "delay" in results:
        delay = results["delay"]
        text += (f", {delay['load']:.1f} at the delays ({delay['closed_kafka']['count']:,} rows at {options['rate']} a second, "
                 f"calls late by {_ms(delay['late_ms'])}; {delay['visible_source']['count']} rows looked for)")
    calls = f"{_median(rounds, 'sink', 'rows_call'):,.0f} (plain client {_median(rounds, 'plain', 'rows_call'):,.0f})"
    times = f"{_median(rounds, 'sink', 'target_ms_call'):.0f} ms ({_median(rounds, 'plain', 'target_ms_call'):.0f} ms)"
    return f"{text}. Rows of a call of the sink: {calls}; the target itself needed {times} for one. Delays: median / 99th percentile."


def _median(rounds, who, key):
    return median([one[who][key] for one in rounds])


def _rows(value):
    return f"{value:,.0f} rows/s"


def _cpu(value):
    return f"{value:.2f} s"


def _ms(values):
    return f"{values['median_ms']:,.0f} / {values['p99_ms']:,.0f} ms"
