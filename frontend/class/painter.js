// Says when to draw: at most once a frame of the screen, and for at most a quarter of the time.

/** Drawing takes a quarter of the time, and the rest is for the person's keys. */
const REST = 3;

/** A function that asks for `draw()`, as often as somebody likes. */
export function painter(draw) {
  let isAsked = false;
  let next = 0; // no drawing before this moment

  function paint() {
    isAsked = false;
    const began = performance.now();
    draw();
    const ended = performance.now();
    next = ended + (ended - began) * REST;
  }

  return () => {
    if (isAsked) return;
    isAsked = true;
    setTimeout(() => requestAnimationFrame(paint), Math.max(0, next - performance.now()));
  };
}
