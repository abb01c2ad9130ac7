/** The scorer in the kernel laboratory: its share of the device's own copy, and its peers' on the same tensors. */
import { absent, percent, plain, ran, table, UNMEASURED, verdict, whole } from './common.mjs';

const SHIPPED = 'shipped';
const PEER_STEPS = {
  'PyTorch eager': 'peers-torch',
  'PyTorch compiled': 'peers-torch',
  'Triton one read': 'peers-triton',
  QuACK: 'peers-quack',
};

const wide = ({ vocab }) => vocab >= 4096;
const narrow = ({ vocab }) => vocab === 1024;
const capped = ({ softcap }) => softcap > 0;

/** Shares of the measured copy that the scorer must reach. */
export const GOALS = [
  {
    what: 'fp32, V ≥ 4,096',
    least: 0.97,
    of: (row) => row.type === 'fp32' && wide(row) && !capped(row),
  },
  {
    what: '16 bits, V ≥ 4,096',
    least: 0.92,
    of: (row) => row.type !== 'fp32' && wide(row) && !capped(row),
  },
  { what: 'V = 1,024', least: 0.85, of: (row) => narrow(row) && !capped(row) },
  { what: 'softcap, V ≥ 4,096', least: 0.85, of: (row) => wide(row) && capped(row) },
  { what: 'softcap, V = 1,024', least: 0.7, of: (row) => narrow(row) && capped(row) },
];

const sameTensor = (a) => (b) =>
  a.type === b.type && a.vocab === b.vocab && a.softcap === b.softcap && a.width === b.width;

/** What stands in place of the laboratory's figures, or null: what is not right has no speed. */
function withheld(results) {
  if (results?.steps.get('lab-check')?.status !== 'ok') return absent(results, 'lab-check');
  const there = results.lab.some(({ kind }) => kind === 'ceilings');
  return ran(results, 'lab-time') && there ? null : absent(results, 'lab-time');
}

export const timesOf = (results) => results.lab.filter(({ kind }) => kind === 'time');

function goalRow({ what, least, of }, shipped) {
  const rows = shipped.filter(of);
  if (rows.length === 0) return [what, `≥ ${percent(least)}`, UNMEASURED, ''];
  const worst = rows.reduce((a, b) => (b.of_copy < a.of_copy ? b : a));
  const name = `${worst.type}, V = ${whole(worst.vocab)}`;
  return [
    what,
    `≥ ${percent(least)}`,
    `${percent(worst.of_copy)} at ${name}`,
    verdict(worst.of_copy >= least),
  ];
}

function peersOf(results) {
  return results.peers.filter(
    ({ who, error }) => error == null && ran(results, PEER_STEPS[who] ?? 'peers-torch'),
  );
}

function peerRow(results, shipped, peers) {
  const what = 'ahead of every peer';
  if (results === null || peers.length === 0) return [what, 'on every tensor', UNMEASURED, ''];
  const met = [];
  const lost = [];
  for (const peer of peers) {
    const own = shipped.find(sameTensor(peer));
    if (own === undefined) continue;
    (own.gbs > peer.gbs ? met : lost).push(
      `${plain(peer.who)} ${peer.type} V = ${whole(peer.vocab)}`,
    );
  }
  if (met.length + lost.length === 0) return [what, 'on every tensor', UNMEASURED, ''];
  const behind = lost.length === 0 ? '' : `, behind ${lost.join(', ')}`;
  return [
    what,
    'on every tensor',
    `${met.length} of ${met.length + lost.length}${behind}`,
    verdict(lost.length === 0),
  ];
}

/** Of the versions that ship; the laboratory's first ones show speed only. */
function checkRow(results) {
  const what = 'the table of cases, sums and flags on the device';
  const checks = (results?.checks ?? []).filter(({ variant }) => /^shipped|^$/.test(variant ?? ''));
  if (!ran(results, 'lab-check') || checks.length === 0) {
    return [what, 'all right', absent(results, 'lab-check'), ''];
  }
  const right = checks.filter(({ ok }) => ok).length;
  const met = right === checks.length && results.steps.get('lab-check').status === 'ok';
  return [what, 'all right', `${right} of ${checks.length} right`, verdict(met)];
}

/** Goals, then every tensor with the scorer and its peers. */
export function kernel(results) {
  const why = withheld(results);
  const times = why === null ? timesOf(results) : [];
  const shipped = times.filter(({ version, ok }) => version === SHIPPED && ok);
  const peers = why === null ? peersOf(results) : [];
  const goals = [
    checkRow(results),
    ...GOALS.map((goal) => goalRow(goal, shipped)),
    peerRow(results, shipped, peers),
  ];
  const first = table(
    ['share of the copy measured in the same run', 'to hold', 'measured', ''],
    goals,
  );
  if (why !== null) return why === UNMEASURED ? first : `${first}\n\nNo speed is shown: ${why}.`;
  const { copy_gbs, read_gbs, sm_mhz } = results.lab.findLast(({ kind }) => kind === 'ceilings');
  const whos = [...new Set(peers.map(({ who }) => who))];
  const rows = times
    .filter(({ version }) => version === SHIPPED)
    .map((row) => {
      const others = whos.map((who) =>
        peers.find((peer) => peer.who === who && sameTensor(row)(peer)),
      );
      return [
        row.type,
        whole(row.vocab),
        row.softcap || '–',
        row.width,
        row.ok ? `${whole(row.gbs)}, ${percent(row.of_copy)}` : '**wrong**',
        ...others.map((peer) =>
          peer === undefined ? '–' : `${whole(peer.gbs)}, ${percent(peer.gbs / copy_gbs)}`,
        ),
      ];
    });
  const missing = Object.entries(PEER_STEPS).flatMap(([who, step]) => {
    return whos.includes(who) ? [] : [`${who}: ${absent(results, step)}`];
  });
  return [
    first,
    `Copy ${whole(copy_gbs)} GB/s (read and written), read-only sweep ${whole(read_gbs)} GB/s, ${whole(sm_mhz)} MHz under load. GB/s of logits read once, and the share of the copy:`,
    table(
      ['logits', 'V', 'softcap', 'width', 'this scorer', ...whos.map(plain)],
      rows,
      `lrrrr${'r'.repeat(whos.length)}`,
    ),
    ...(missing.length === 0 ? [] : [`Not beside it: ${missing.join('; ')}.`]),
  ].join('\n\n');
}

/** Every version of the laboratory, so that the choice of lanes can be looked at. */
export function lanes(results) {
  const why = withheld(results);
  if (why !== null) return why;
  const times = timesOf(results);
  const versions = [...new Set(times.map(({ version }) => version))];
  const tensors = times.filter((row, i) => times.findIndex(sameTensor(row)) === i);
  const rows = tensors.map((tensor) => {
    const of = versions.map((version) =>
      times.find((row) => row.version === version && sameTensor(tensor)(row)),
    );
    const best = Math.max(...of.map((row) => (row?.ok ? row.of_copy : 0)));
    const cells = of.map((row) => {
      if (row === undefined) return '–';
      if (!row.ok) return '**wrong**';
      return row.of_copy === best ? `**${percent(row.of_copy)}**` : percent(row.of_copy);
    });
    return [tensor.type, whole(tensor.vocab), tensor.softcap || '–', tensor.width, ...cells];
  });
  const header = ['logits', 'V', 'softcap', 'width', ...versions.map(plain)];
  return table(header, rows, `lrrr${'r'.repeat(versions.length)}`);
}
