// What the coordinator says, as docs/how-it-works.md (HTTP) defines it.

export type Id = number | string;

export type JobState = 'running' | 'paused' | 'succeeded' | 'failed' | 'cancelled';
export type TrialState = 'waiting' | 'running' | 'succeeded' | 'failed' | 'cancelled';

export interface TrialCounts {
  total: number;
  succeeded: number;
  failed: number;
  cancelled: number;
  running: number;
  waiting: number;
}

export interface GroupSummary {
  name: string;
  trials: TrialCounts;
  progress: number;
}

export interface JobSummary {
  id: Id;
  name: string;
  description: string | null;
  state: JobState;
  submitted_at: string;
  finished_at: string | null;
  trials: TrialCounts;
  tasks: { total: number; executed: number; reused: number; running: number; failed: number };
  progress: number;
  eta_s: number | null;
  groups: GroupSummary[];
  search?: Search | null; // of a job whose trials depend on what earlier ones gave
}

export interface Search {
  strategy: string; // "halving", "nsga2"
  metric?: string | null; // halving: that decides
  wanted?: number; // trials, at most
  trials: number; // asked for so far
  generation?: number | null; // nsga2, from 1
  rungs?: number[] | null; // halving: trials that were asked to be trained up to each
  finished: boolean;
  failure?: string | null;
}

export type ParamValue = string | number | boolean | null | ParamValue[] | { [key: string]: ParamValue };

// null: could not be measured. Absent: does not exist (yet).
export type Metrics = Record<string, number | null | undefined>;

export interface Trial {
  id: Id;
  group: string;
  params: Record<string, ParamValue>;
  state: TrialState;
  reason: string | null;
  metrics: Metrics;
  speedup_verdict?: 'faster' | 'slower' | "can't tell" | null;
  pareto: boolean;
  model?: string | null; // the zoo's net that it starts from
  family?: string | null;
  generation?: number | null; // nsga2, from 1
  rung?: number | null; // halving, from 1: that it was asked to be trained up to
  rungs?: Rung[] | null; // halving: those that have ended
}

export interface Rung {
  rung: number;
  epochs: number;
  value: number | null;
}

// What a search knows after a generation has ended.
export interface Generation {
  group_name: string;
  generation: number;
  trials: number;
  feasible: number;
  front: number;
  hypervolume: number | null;
}

export interface JobDocument {
  job: JobSummary;
  objectives: Record<string, string>;
  constraints: Record<string, string>;
  trials: Trial[];
  generations?: Generation[] | null;
}

export interface Worker {
  name: string;
  device_class: string;
  cordoned: boolean;
  slots: number;
  state: 'alive' | 'lost';
  running: number;
}

export interface Session {
  tokens: boolean; // whether the coordinator demands them
  name: string; // of the token
  role: 'anybody' | 'reader' | 'submitter' | 'admin';
}
