"""Many devices at once: the same work on each, in threads, one device's failure apart from the others'."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TypeVar

from infra_ctl.drivers.base import ConfigDriver
from infra_ctl.errors import DeviceError, InfraCtlError

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Fleet:
    """How to get a session with a device, and how many sessions may be open at a time."""

    open: Callable[[str], ConfigDriver]
    """From a hostname to a driver that is not opened yet."""
    simulated: bool = False
    in_band: bool = False
    """Whether the way to a device may lead through others of them."""
    workers: int = 16

    def each(
        self,
        hostnames: Iterable[str],
        work: Callable[[str], Result],
        on_done: Callable[[str], None] = lambda _hostname: None,
    ) -> dict[str, Result | DeviceError]:
        """`work` on every device; a DeviceError stands in the place of its result.

        So does a defect of ours, which is no reason to leave the others where they are. Errors that are of no
        one device are raised once all have ended.
        """
        with ThreadPoolExecutor(self.workers) as pool:
            futures = {pool.submit(_guarded, work, hostname): hostname for hostname in hostnames}
            try:
                for future in as_completed(futures):
                    on_done(futures[future])
            except BaseException:  # Ctrl-C waits for the devices in flight, not for the queue
                pool.shutdown(cancel_futures=True)
                raise
        return {hostname: future.result() for future, hostname in futures.items()}


def _guarded(work: Callable[[str], Result], hostname: str) -> Result | DeviceError:
    try:
        return work(hostname)
    except DeviceError as error:
        return error
    except InfraCtlError:
        raise  # of no one device: a secret that is missing, a journal that is gone
    except Exception as error:  # noqa: BLE001 - a defect met on one device must not leave the others half-way
        return DeviceError(hostname, f"a defect of infra-ctl: {type(error).__name__}: {error}")
