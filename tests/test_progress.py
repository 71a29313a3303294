"""Long work: how it is cancelled, and how it lets a key go first."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from explorer.errors import OperationCancelledError
from explorer.progress import WAIT_S, Cancellation, Foreground, Progress, foreground


def waited(front: Foreground) -> float:
    """Seconds that one step of work waited in the calling thread."""
    started = time.monotonic()
    front.give_way()
    return time.monotonic() - started


def test_seconds_left_are_known_where_total_and_rate_are() -> None:
    assert Progress("downloading", 25, 100, rate=5.0).seconds_left == 15.0
    assert Progress("downloading", 120, 100, rate=5.0).seconds_left == 0.0
    assert Progress("downloading", 25, None, rate=5.0).seconds_left is None
    assert Progress("downloading", 25, 100).seconds_left is None


@pytest.mark.alone
def test_only_other_threads_wait_while_a_key_is_handled() -> None:
    front = Foreground()
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(waited, front).result() < WAIT_S / 2, "nothing was claimed"
        front.claim(WAIT_S * 0.6)
        assert waited(front) < WAIT_S * 0.3, "the claiming thread goes on"
        assert pool.submit(waited, front).result() > WAIT_S * 0.2
        assert pool.submit(waited, front).result() < WAIT_S / 2, "the claim is over"


def test_a_key_held_down_stops_no_work_for_good() -> None:
    front = Foreground()
    front.claim(60)
    done = threading.Event()

    def work() -> None:
        for _ in range(3):
            front.give_way()
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    assert done.wait(20)
    thread.join()


@pytest.mark.alone
def test_every_check_of_the_flag_lets_a_key_go_first() -> None:
    cancel = Cancellation()
    foreground.claim(WAIT_S * 0.6)
    with ThreadPoolExecutor(1) as pool:
        started = time.monotonic()
        pool.submit(cancel.check).result()
        assert time.monotonic() - started > WAIT_S * 0.2
        cancel.cancel()
        with pytest.raises(OperationCancelledError):
            pool.submit(cancel.check).result()
