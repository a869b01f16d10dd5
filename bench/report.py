"""Numbers into Markdown: medians over the rounds, ratios round by round, each beside what design.md §11 wants."""

from usage import median


def markdown(results):
    lines = ["| measured | Kitestream | beside it | ratio, median (least – most of the rounds) | wanted |",
             "|---|---|---|---|---|"]
    notes = []
    if "rounds" in results:
        lines += _rates(results["rounds"]) + _costs(results["rounds"], results["options"]["rows"] / 1e6)
        notes += _about_rounds(results["rounds"], results["options"])
    if "delay" in results:
        lines += _delays(results["delay"])
        notes += _about_delays(results["delay"])
    if "idle" in results:
        idle = results["idle"]
        lines.append(f"| idle worker, {results['options']['pchannels']} pchannels ticking | "
                     f"{idle['cpu_percent']:.1f} % of a core, {idle['rss_mib']:.0f} MiB | | | < 2 %, < 50 MB |")
        notes.append(f"- Idle worker: load average {idle['load']:.1f}.")
    return "\n".join([*lines, "", *notes])


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
    source = f"in the source {_ms(delay['visible_source'])}; by a Strong query there {_ms(delay['strong_source'])}"
    return [line("delay: the tick that closes a row → received from Kafka", "closed_kafka", "", "≤ 50 / 150 ms"),
            line("delay: received from Kafka → acknowledged by the target", "kafka_target", "", "≤ 100 / 250 ms"),
            line("delay: a row's own tick → the tick that closes it (Milvus)", "tick_closed"),
            line("delay: insert sent → acknowledged by the target", "sent_target"),
            line("delay: insert sent → visible in the target", "visible_target", source)]


def _about_rounds(rounds, options):
    loads = [one[who]["load"] for one in rounds for who in ("source", "copy", "sink", "plain", "both")]
    calls = {who: f"{_median(rounds, who, 'rows_call'):,.0f} rows, for which the target needed "
                  f"{_median(rounds, who, 'target_ms_call'):,.0f} ms" for who in ("sink", "plain")}
    return [f"- Backlogs: {len(rounds)} rounds of {options['rows']:,} rows of {options['dim']} dimensions, "
            f"{options['transaction_rows']:,} rows a transaction; load average {min(loads):.1f} – {max(loads):.1f} "
            f"on {options['cores']} cores. Rates, CPU: medians. RSS: the most of all rounds.",
            f"- A call of the sink had {calls['sink']}; one of the plain client {calls['plain']}."]


def _about_delays(delay):
    return [f"- Delays: median / 99th percentile of {delay['closed_kafka']['count']:,} rows at "
            f"{delay['rows_s']:,.0f} a second, {delay['visible_source']['count']} rows looked for by queries; "
            f"load average {delay['load']:.1f}."]


def _median(rounds, who, key):
    return median([one[who][key] for one in rounds])


def _rows(value):
    return f"{value:,.0f} rows/s"


def _cpu(value):
    return f"{value:.2f} s"


def _ms(values):
    return f"{values['median_ms']:,.0f} / {values['p99_ms']:,.0f} ms"
