/** The report's style sheet: one file, no fonts or images from anywhere, light and dark. */
export const style = `
:root { color-scheme: light dark; --bg: #f5f6f8; --card: #fff; --ink: #1b1f27; --soft: #5a6372; --line: #dfe3ea;
  --code: #f1f3f6; --good: #14794a; --bad: #b42318; --wait: #8a5a00; --input: #4a6fd4; --read: #a9b7cc; --write: #d98f2b;
  --output: #2a9461; --time: #7b61c4; --add: #e3f5ea; --del: #fde9e7; }
@media (prefers-color-scheme: dark) { :root { --bg: #11141a; --card: #191d25; --ink: #e4e8ef; --soft: #9aa5b6;
  --line: #2c333f; --code: #12161d; --good: #5cc98f; --bad: #ff8a7d; --wait: #e3b04f; --input: #7d9cf5; --read: #56647a;
  --write: #e0a24b; --output: #55c48d; --time: #a58cf0; --add: #15301f; --del: #3a1c1c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 24px 20px 64px; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 32px 0 10px; }
h3 { font-size: 15px; margin: 0; }
p { margin: 6px 0; overflow-wrap: anywhere; }
a { color: inherit; }
section.card, header.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px; margin: 12px 0; }
header.card { border-top: 4px solid var(--tone); padding: 20px 22px; }
.good { --tone: var(--good); } .bad { --tone: var(--bad); } .wait { --tone: var(--wait); }
.outcome { color: var(--tone); font-weight: 650; font-size: 13px; letter-spacing: .03em; text-transform: uppercase; margin: 0 0 6px; }
.soft, .more { color: var(--soft); }
nav { display: flex; flex-wrap: wrap; gap: 2px 14px; margin: 14px 0 0; font-size: 14px; }
dl.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 12px 20px; margin: 16px 0 0; }
dl.facts div { min-width: 0; } dt { color: var(--soft); font-size: 12.5px; } dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
code, pre, .mono { font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
code { background: var(--code); border-radius: 4px; padding: 1px 5px; overflow-wrap: anywhere; }
pre { background: var(--code); border-radius: 8px; padding: 10px 12px; margin: 8px 0; overflow: auto; max-height: 420px; white-space: pre-wrap; overflow-wrap: anywhere; }
pre .add { background: var(--add); display: block; } pre .del { background: var(--del); display: block; } pre .hunk { color: var(--soft); display: block; } pre .ctx { display: block; }
.text { white-space: pre-wrap; }
table { border-collapse: collapse; width: 100%; font-size: 14px; } th { text-align: left; color: var(--soft); font-weight: 500; font-size: 12.5px; }
th, td { padding: 7px 10px 7px 0; border-top: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; } tr:first-child th { border-top: 0; }
td.num, th.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.tag { display: inline-block; border: 1px solid currentColor; border-radius: 999px; padding: 0 8px; font-size: 12px; line-height: 18px; white-space: nowrap; color: var(--soft); }
.tag.pass, .tag.done, .tag.already { color: var(--good); } .tag.fail, .tag.critical, .tag.high, .tag.failed, .tag.error, .tag.crashed { color: var(--bad); }
.tag.medium, .tag.refused, .tag.stale, .tag.budget, .tag.timeout { color: var(--wait); }
details > summary { cursor: pointer; } summary:focus-visible { outline: 2px solid var(--time); outline-offset: 2px; border-radius: 4px; }
details.fold { margin-top: 12px; } details.fold > summary { color: var(--soft); font-size: 14px; }
ol.steps { list-style: none; margin: 0; padding: 0; } ol.steps > li { padding: 8px 0; border-top: 1px solid var(--line); } ol.steps > li:first-child { border-top: 0; }
.row { display: flex; flex-wrap: wrap; gap: 4px 10px; align-items: baseline; }
.row .end { margin-left: auto; color: var(--soft); font-size: 13px; font-variant-numeric: tabular-nums; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; color: var(--soft); font-size: 12.5px; margin: 12px 0 6px; }
.legend span::before { content: ""; display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 6px; background: var(--c); }
.turn { border-top: 1px solid var(--line); } .turn > summary { display: grid; grid-template-columns: 34px minmax(0, 1fr) 150px minmax(0, 190px); gap: 12px; align-items: center; padding: 7px 0; list-style: none; }
.turn > summary::-webkit-details-marker { display: none; } .turn > summary:hover { background: var(--code); }
.turn .n { color: var(--soft); font-size: 13px; font-variant-numeric: tabular-nums; } .turn .n::before { content: "▸ "; } .turn[open] .n::before { content: "▾ "; }
.turn .sums { text-align: right; font-size: 13px; color: var(--soft); font-variant-numeric: tabular-nums; white-space: nowrap; }
.turn .tools { font-size: 13px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.turn .in { padding: 4px 0 14px 46px; }
.bar { display: flex; height: 7px; margin: 2px 0; } .bar i { background: var(--c); height: 100%; min-width: 1px; } .bar i:first-child { border-radius: 2px 0 0 2px; } .bar i:last-child { border-radius: 0 2px 2px 0; } .bar i:only-child { border-radius: 2px; }
@media (max-width: 640px) { main { padding: 12px 10px 40px; } h1 { font-size: 21px; } header.card, section.card { padding: 14px; }
  .turn > summary { grid-template-columns: 34px minmax(0, 1fr) auto; gap: 2px 10px; } .turn .tools { grid-column: 2 / -1; } .turn .in { padding-left: 0; }
  table.wide, table.wide tbody, table.wide tr, table.wide td { display: block; } table.wide tr:first-child { display: none; } table.wide tr { border-top: 1px solid var(--line); padding: 8px 0; } table.wide td { border: 0; padding: 2px 0; text-align: left; } table.wide td.num { text-align: left; } }
`;
