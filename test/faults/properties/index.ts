import type fc from 'fast-check';
import { ENGINE } from './engine.ts';
import { VALUES } from './values.ts';
import { WORKFLOW } from './workflow.ts';

/** Each holds for any input of its kind. */
export const PROPERTIES: Readonly<Record<string, fc.IRawProperty<unknown>>> = { ...ENGINE, ...WORKFLOW, ...VALUES };
