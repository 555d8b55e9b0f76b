/** Where frames come from: a loader on this machine, or a recording of one. */
import type { Frame, RawFrame } from '../frames/frame.ts';

export interface FrameSink {
  /** Frames in the order in which they were written. */
  onFrames(frames: readonly Frame[]): void;
  /** Where given, a live source may hand over frames here instead, some as they lie in its buffer. */
  onRawFrames?(frames: readonly (Frame | RawFrame)[]): void;
  onBadFrames(count: number): void;
  /** The source broke off and will start anew: events in between are lost. */
  onBreak(problem: string): void;
}

export interface FrameSource {
  start(sink: FrameSink): void;
  /** Resolves when nothing more will be delivered and nothing is left running. */
  close(): Promise<void>;
}
