// The native build of the core, asked call by call.

import { spawn } from "node:child_process";
import { u32 } from "./frames.mjs";

export const nativeProgram = new URL("../../.build/native/debug/frame-results", import.meta.url)
  .pathname;

/** Answers like `RawModule`, but asynchronously, from a native process. */
export class NativeCore {
  #child = spawn(nativeProgram, { stdio: ["pipe", "pipe", "inherit"] });
  #received = Buffer.alloc(0);
  #waiting = [];

  constructor() {
    this.#child.stdout.on("data", (data) => {
      this.#received = Buffer.concat([this.#received, data]);
      while (this.#received.length >= 4) {
        const end = 4 + this.#received.readUInt32LE(0);
        if (this.#received.length < end) return;
        this.#waiting.shift()(this.#received.subarray(4, end));
        this.#received = this.#received.subarray(end);
      }
    });
  }

  call(operation, handle, message = Buffer.alloc(0)) {
    this.#child.stdin.write(Buffer.concat([u32(operation), u32(handle), u32(message.length), message]));
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  close() {
    this.#child.stdin.end();
  }
}
