// Data of a label page as `metajudge/reports/page/label_page.py` writes it, and the labels.

interface LabelTask {
  id: string;
  question_id: string;
  /** Number of the row, from 1; the evaluated models of a row have one number. */
  row: number;
  /** Number of the list within the row, and the number of lists. */
  list: [number, number];
  probability: number;
  context: [string, CutText][];
  responses: CutText[];
  human: string[];
  reasons: string[];
  /** The judge's scores, if the page shows them. */
  judge?: (number | null)[][] | null;
}

interface LabelPage {
  version: string;
  /** Name of the drawing: labels are kept under it. */
  key: string;
  rows: number;
  judge_shown: boolean;
  tasks: LabelTask[];
}

interface Label {
  /** Score above 0 by `R,S`. */
  marks: Map<string, number>;
  unclear: Set<number>;
  note: string;
  seconds: number;
  confirmed: boolean;
  /** True if the judge's scores were in view. */
  shown: boolean;
}

/** A line of a label file. */
interface LabelLine {
  id: string;
  question_id: string;
  annotator: string;
  marks: [number, number, number][];
  unclear: number[];
  note: string;
  seconds: number;
  probability: number;
  judge_shown: boolean;
  n_human: number;
  n_model: number;
}
