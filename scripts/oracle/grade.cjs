// Grade exams with the reference program (npm isncsci).
//
// node grade.cjs FOLDER < exams.jsonl > results.jsonl     one result a line, in order; streams
// node grade.cjs FOLDER --time N < exams.jsonl            reads all, grades N times, prints one line of times
//
// A line in:  {"id": ..., "exam": {...}}
// A line out: {"id": ..., "result": {"classification": {...}, "totals": {...}}}, or "error" in place of "result".
// Seconds are of this process: `parse` reads the lines into objects, `grade` classifies the objects and keeps
// the results, `write` turns the results into lines.
'use strict';
const { createRequire } = require('node:module');
const path = require('node:path');
const fs = require('node:fs');
const readline = require('node:readline');

const folder = path.resolve(process.argv[2]);
const load = createRequire(path.join(folder, 'package.json'));
const { ISNCSCI } = load('isncsci');
const version = load('isncsci/package.json').version;

function grade(item) {
  try {
    const { classification, totals } = new ISNCSCI(item.exam);
    return { id: item.id, result: { classification, totals } };
  } catch (error) {
    return { id: item.id, error: String(error) };
  }
}

function seconds(work) {
  const start = process.hrtime.bigint();
  const result = work();
  return [Number(process.hrtime.bigint() - start) / 1e9, result];
}

async function stream() {
  const lines = readline.createInterface({ input: process.stdin, crlfDelay: Infinity });
  let block = [];
  for await (const line of lines) {
    if (line === '') continue;
    block.push(JSON.stringify(grade(JSON.parse(line))));
    if (block.length === 1000) {
      if (!process.stdout.write(block.join('\n') + '\n')) await new Promise((r) => process.stdout.once('drain', r));
      block = [];
    }
  }
  if (block.length) process.stdout.write(block.join('\n') + '\n');
}

function time(repeats) {
  const lines = fs.readFileSync(0, 'utf8').split('\n').filter((line) => line !== '');
  const [parse, items] = seconds(() => lines.map((line) => JSON.parse(line)));
  items.slice(0, 5000).forEach(grade); // let the compiler warm up
  const all = [];
  let results;
  for (let i = 0; i < repeats; i++) {
    const [spent, out] = seconds(() => items.map(grade));
    all.push(spent);
    results = out;
  }
  const [write] = seconds(() => results.map((r) => JSON.stringify(r)).join('\n'));
  const errors = results.filter((r) => r.error !== undefined).length;
  const report = { version, node: process.version, exams: items.length, errors, parse, grade: Math.min(...all), all, write };
  process.stdout.write(JSON.stringify(report) + '\n');
}

const flag = process.argv.indexOf('--time');
if (flag > 0) time(Number(process.argv[flag + 1]));
else stream();
