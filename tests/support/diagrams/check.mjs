// Reads diagrams as Mermaid and Graphviz do: a JSON array of {form, text} on stdin, to one of what each shows on stdout.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.argv[2]}/`);
const load = (name) => import(pathToFileURL(require.resolve(name)).href);

const viz = await require("@viz-js/viz").instance(); // before there is a window: it asks where it runs
const { JSDOM } = require("jsdom");
const { window } = new JSDOM("");
Object.assign(globalThis, { window, document: window.document });
const { default: mermaid } = await load("mermaid");
mermaid.initialize({ maxEdges: 1e6, maxTextSize: 1e9 });

// Mermaid keeps an entity such as #34; under another spelling until it draws.
const decoded = (text) =>
  text
    .replace(/ﬂ°°(\d+)¶ß/g, (_, number) => String.fromCodePoint(Number(number)))
    .replace(/ﬂ°(\w+)¶ß/g, "&$1;");

async function readMermaid(text) {
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  return {
    nodes: [...db.getVertices().values()].map((node) => decoded(node.text)),
    edges: db.getEdges().map((edge) => [edge.start, edge.end, decoded(edge.text), edge.stroke]),
  };
}

function readDot(text) {
  const { status, output, errors } = viz.render(text, { format: "json0" });
  if (status !== "success") throw new Error(JSON.stringify(errors));
  const graph = JSON.parse(output);
  return {
    nodes: (graph.objects ?? []).map((node) => [node.name, node.label]),
    edges: (graph.edges ?? []).map((edge) => [graph.objects[edge.tail].name, graph.objects[edge.head].name, edge.label ?? ""]),
  };
}

let input = "";
for await (const part of process.stdin) input += part;
const found = [];
for (const { form, text } of JSON.parse(input)) {
  try {
    found.push(form === "dot" ? readDot(text) : await readMermaid(text));
  } catch (error) {
    found.push({ error: String(error) });
  }
}
process.stdout.write(JSON.stringify(found));
process.exit(0);
