// Data of a page as `metajudge/reports/page/` writes it, and the state of the view.

/** A text, or its beginning and the number of all characters if it is cut. */
type CutText = string | [string, number];

interface Figure {
  value: number | null;
  low: number | null;
  high: number | null;
  /** Of RC: the upper bound, above the value where one question per row leaves a range. */
  upper?: number | null;
  /** The cell of the report. */
  text: string;
}

interface ModelLine {
  model: string;
  /** Command that shows rows of the file in a terminal. */
  show: string;
  n: number;
  unscored: number;
  figures: { oa: Figure; rc: Figure; scorr: Figure };
  exact: boolean;
  flag: { verdict: string; about: string } | null;
}

interface MissedDomain {
  /** Empty: all domains together. */
  domain: string;
  points: number;
  missed: number;
  words: { word: string; points: number; missed: number; examples: [number, number, string][] }[];
}

interface Meta {
  version: string;
  texts: "full" | "short" | "none";
  /** Rows of a block. */
  block: number;
  kind: "results" | "steps";
  judges: { name: string; about: string; notes: string[]; tables: number[] }[];
  tables: ModelLine[];
  sound: number;
  missed_below: number;
  missed: MissedDomain[][];
  files: string[];
  /** Names of the classes of reasons, and of their flaws. */
  classes: Record<string, string>;
  flaws: Record<string, string>;
}

/** What one judge has found in the reasons of a row. */
interface FlawTags {
  judge: string;
  items: {
    item: number;
    class: string | null;
    flaws: string[];
    unread: string[];
    quotes: { tag: string; in: string; text: string }[];
  }[];
}

interface Facet {
  name: string;
  values: string[];
  /** Place of each row's value; -1 = none. */
  codes: number[];
}

/** Columns of one model's rows. */
interface ModelColumns {
  rows: number[];
  lines: number[];
  strips: (number | null)[][];
  verdicts: string[];
  right: (0 | 1 | null)[];
  rc: (number | null)[];
  reasons: string[];
  unscored: number[];
  marks: number[];
}

interface StepColumns {
  status: string[];
  points: number[];
  ignored: number[];
  doubts: number[];
  verdicts: string[][];
  differ: boolean[];
}

interface Index {
  ids: string[];
  begins: string[];
  golds: string[];
  facets: Facet[];
  tables?: ModelColumns[];
  steps?: StepColumns;
}

interface RowTexts {
  context: [string, CutText][];
  responses: CutText[];
  human: string[];
  feedback: [number, [string, CutText][]][];
  lists: [string, string[]][];
  ignored: [string, string][];
  doubts: [string, string, string][];
  other: [string, CutText][];
  critics?: Critic[];
  stamps?: [string, string, string][];
}

interface Critic {
  model: string;
  items: string[];
  flaws?: FlawTags[];
  label?: string | null;
  generated?: CutText;
  generated_BA?: CutText;
  labels?: Record<string, string>;
}

interface Detail {
  items?: string[];
  /** Only where it differs from that of the row. */
  human?: string[];
  matrix?: (number | null)[][];
  /** With one question per row: the number of reasons that it named, the first ones. */
  judged?: number;
  unmatched?: number[];
  pairs?: [number, number, number][];
  samples?: { reply: CutText | null; finish: string | null; rc: number | null; copied: string | null }[];
  replies?: (CutText | null)[];
  prompt?: CutText;
  attempts?: number;
  seconds?: number;
  tokens?: [number | null, number | null];
  finished?: string;
  status?: string;
  error?: string;
  guard?: Record<string, string>;
  flaws?: FlawTags[];
  label?: string;
  generated?: CutText;
  generated_BA?: CutText;
  labels?: Record<string, string>;
}

interface State {
  /** Number of the judge. */
  judge: number;
  /** Selected models by their table's number. */
  models: number[];
  view: "rows" | "missed";
  chip: string;
  /** Value by field. */
  filters: Record<string, string>;
  query: string;
  /** `order`, `id`, `begin`, `gold`, `difference`, `rc.N`, `facet.NAME` … */
  sort: string;
  down: boolean;
  /** Id of the open row; empty = the list. */
  row: string;
  /** Models that the open row shows: one, or two beside each other. */
  tab: number[];
  /** Model and domain of the points missed most. */
  missed: [number, string];
}
