"""What keeps a key from waiting.

Python runs one thread at a time, Textual handles all keys in one event loop, and much else goes on
beside them: downloads, sixteen peeks, parsing, a search through a million symbols. Each module here
removes one delay. Nothing else in the app has to know of it.

``background_loop``
    The workbench's coroutines run in a second event loop, in a thread. Without it, a key waits
    behind the answers to all requests that arrive together.
    Measured by ``make bench keys``, which counts the time from a key to its handler while all of
    the above is going on; ``tests/tui/test_lag.py`` holds the limit of 50 ms.

``explorer.progress.Foreground`` (used by every room, so it is not in here)
    Long work in threads calls ``Cancellation.check`` between two steps. For the 25 ms after a key,
    it waits there. Without it, the handler shares the interpreter with every thread that works.
    Measured by ``make bench keys``. This one makes the greatest difference.

``explorer.workbench.resources.Turn`` (in the workbench, which owns the threads)
    Of sixteen peeks, one parses at a time. Without it, a busy machine has keys that wait twice as
    long; an idle one does not. Measured by ``make bench keys``.

``interpreter_tuning``
    Threads switch ten times as often, and full garbage collections happen at rest. Without the
    first, keys on a busy machine wait for several threads in turn; without the second, collections
    happen while results arrive, which is while the user types. Measured by ``make bench keys``,
    beside other work for the first, and by ``gc.callbacks``. ``run_app`` collects no garbage at
    all until the first verdicts: without that, collections look through every module while it is
    imported. Measured by ``make bench paint``.

``TOGETHER_S`` in ``app``, ``FIRST_DRAWING_S`` in ``screens.matrix``
    The first list waits a moment for its verdicts, and the matrix for its layout. Without it, what
    is drawn is drawn again at once: three layouts at the start, an empty grid before the matrix.
    Measured by ``make bench paint`` and ``tests/tui/test_bounds.py``.

``explorer.tui.first_screen`` (beside the app's state, which it reads)
    The first frame shows the releases, files and verdicts of the last session, if a start would
    make exactly these again. Without it, it takes twice the processor time until they are drawn.
    Measured by ``make bench paint``; ``tests/tui/test_first_screen.py`` and
    ``tests/workbench/test_first_screen.py`` hold it to what the cache would give.

``key_queue``
    Each key waits until the one before it is done. This removes no delay, it adds one too short to
    notice. Without it, keys typed ahead go to the wrong widget: ``tests/tui/test_key_queue.py``.
    While the first frame shows the last session's rows, it holds keys until the real ones are read.

``deferred_import``
    ``report`` and ``workbench`` are imported after the first frame, then the screens that keys
    open. Measured by ``make bench paint``; ``tests/tui/test_first_paint.py`` lists what the first
    frame does without, ``tests/tui/test_bounds.py`` holds the time of a key that opens a screen.

``quit_signals``, ``terminal_output``
    SIGTERM, SIGHUP and a closed terminal end the app at once, in the way ``q`` does
    (``tests/tui/test_terminal.py``).

Making other threads wait while a frame is drawn made no difference on an idle machine, and was
dropped. Should a measurement show that one of those above no longer pays, drop it too: switch it
off, run ``make bench keys`` several times with and without it, in turn, on an idle and on a busy
machine, and compare the 95th percentile. ``docs/decisions.md`` has the figures.
"""
