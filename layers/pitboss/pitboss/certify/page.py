"""The report as one HTML page that needs nothing else: no script, no font, no picture from elsewhere."""

from collections.abc import Mapping
from html import escape
from typing import Any

_STYLE = """
:root{--ink:#16202c;--soft:#5b6b7d;--line:#dfe5ec;--bg:#f5f7fa;--card:#fff;--ok:#0f7b4f;--okbg:#e2f5ec;--no:#b3261e;
--nobg:#fdecea;--idle:#6b7785;--idlebg:#eceff3}
@media (prefers-color-scheme:dark){:root{--ink:#e6ebf1;--soft:#9aa8b8;--line:#2b3644;--bg:#0f151c;--card:#171f29;
--ok:#58d3a0;--okbg:#12362a;--no:#ff8a80;--nobg:#3d1a18;--idle:#9aa8b8;--idlebg:#232d39}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1040px;margin:0 auto;padding:32px 20px 64px}h1{font-size:26px;margin:0 0 4px}h2{font-size:17px;margin:34px 0 10px;
text-transform:capitalize}p{margin:0}.soft{color:var(--soft)}.head{display:flex;gap:24px;justify-content:space-between;
align-items:flex-start;flex-wrap:wrap}.seal{padding:10px 18px;border-radius:10px;font-weight:700;font-size:18px}
.counts{display:grid;grid-template-columns:repeat(3,1fr);gap:12px;margin:22px 0 10px}.count{background:var(--card);border:1px
solid var(--line);border-radius:10px;padding:14px 18px}.count b{display:block;font-size:30px;line-height:1.1}.bar{display:flex;
height:10px;border-radius:5px;overflow:hidden;background:var(--idlebg)}.bar i{display:block;height:100%}
.row{background:var(--card);border:1px solid var(--line);border-bottom-width:0;padding:9px 14px}.row:first-of-type{border-radius:
10px 10px 0 0}.row:last-of-type{border-bottom-width:1px;border-radius:0 0 10px 10px}.row:only-of-type{border-radius:10px}
.top{display:grid;grid-template-columns:76px 34px 1fr 84px;gap:10px;align-items:baseline}.num{color:var(--soft);text-align:right}
.ms{color:var(--soft);text-align:right;font-variant-numeric:tabular-nums;font-size:13px}.tag{font-size:12px;font-weight:600;
padding:2px 8px;border-radius:20px;text-align:center}.passed{color:var(--ok);background:var(--okbg)}.failed{color:var(--no);
background:var(--nobg)}.skipped{color:var(--idle);background:var(--idlebg)}.more{margin:4px 0 4px 130px;font-size:13.5px;
color:var(--soft)}.fail{margin:10px 0 6px;padding:12px 14px;border-left:4px solid var(--no);background:var(--nobg);border-radius:
0 8px 8px 0}dl{display:grid;grid-template-columns:86px 1fr;gap:4px 12px;margin:0}dt{color:var(--soft)}dd{margin:0;
overflow-wrap:anywhere}pre,code{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,monospace}pre{margin:4px 0 0;padding:9px 11px;
background:var(--card);border:1px solid var(--line);border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere}
@media (max-width:640px){.more{margin-left:0}.top{grid-template-columns:70px 26px 1fr}.ms{display:none}.counts{gap:6px}}
nav{margin-top:14px}nav a{display:block;padding:6px 12px;margin-top:4px;border-radius:8px;text-decoration:none}
@media print{body{background:#fff}.row,.fail{break-inside:avoid}}
"""


def html(report: Mapping[str, Any]) -> str:
    """The whole page."""
    verdict = ("passed", "Certified") if report["certified"] else ("failed", "Not certified")
    total = max(1, len(report["cases"]))
    counts = "".join(
        f'<div class="count"><b>{report[state]}</b><span class="soft">{state}</span></div>'
        for state in ("passed", "failed", "skipped")
    )
    bar = "".join(
        f'<i style="width:{100 * report[state] / total:.2f}%;background:var(--{colour})"></i>'
        for state, colour in (("passed", "ok"), ("failed", "no"))
    )
    groups = "".join(
        f"<h2>{escape(group)}</h2><section>{''.join(_row(row) for row in report['cases'] if row['group'] == group)}</section>"
        for group in dict.fromkeys(row["group"] for row in report["cases"])
    )
    failures = "".join(
        f'<p><a class="failed" href="#case-{row["number"]}">{row["number"]} {escape(row["title"])}</a></p>'
        for row in report["cases"]
        if row["failure"]
    )
    signed = f" · signed {escape(report['signature']['kid'][:16])}…" if report.get("signature") else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Wallet certification: {escape(verdict[1])}</title><style>{_STYLE}</style></head><body><main>"
        '<div class="head"><div><h1>Wallet certification</h1>'
        f'<p class="soft">{escape(report["address"])}</p><p class="soft">{escape(report["target"])} · profile '
        f"{escape(report['profile'])} · {escape(report['startedAt'])} to {escape(report['endedAt'])}</p>"
        f'<p class="soft">run {escape(report["runId"])}{signed}</p></div>'
        f'<div class="seal {verdict[0]}">{verdict[1]}</div></div>'
        f'<div class="counts">{counts}</div><div class="bar">{bar}</div><nav>{failures}</nav>{groups}</main></body></html>\n'
    )


def _row(row: Mapping[str, Any]) -> str:
    more = f'<p class="more">{escape(row["rule"])} <span>[{escape(row["source"])}]</span></p>'
    if row["note"]:
        more += f'<p class="more">{escape(row["note"])}</p>'
    if row["failure"]:
        more += _failure(row["failure"])
    return (
        f'<div class="row" id="case-{row["number"]}"><div class="top"><span class="tag {row["state"]}">{row["state"]}</span>'
        f'<span class="num">{row["number"]}</span><span>{escape(row["title"])}</span>'
        f'<span class="ms">{row["elapsedMs"]} ms</span></div>{more}</div>'
    )


def _failure(failure: Mapping[str, Any]) -> str:
    terms = [
        ("step", f"<code>{escape(failure['step'])}</code>"),
        ("expected", escape(failure["expected"])),
        ("got", escape(failure["got"])),
    ]
    if exchange := failure["exchange"]:
        request = f"{exchange['method']} {exchange['url']}\n{exchange['request']}"
        answer = f"HTTP {exchange['status']} after {exchange['elapsedMs']} ms\n{exchange['answer'] or exchange['note'] or ''}"
        terms += [("request", f"<pre>{escape(request)}</pre>"), ("reply", f"<pre>{escape(answer)}</pre>")]
    terms.append(("likely", "<br>".join(escape(cause) for cause in failure["likelyCauses"])))
    return '<div class="fail"><dl>' + "".join(f"<dt>{k}</dt><dd>{v}</dd>" for k, v in terms) + "</dl></div>"
