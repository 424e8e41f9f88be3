"""What the clips in flight of a batch are painted with: worker processes, or a painter, that they share.

Another clip is begun only when workers, or places in the painter's batch, would otherwise be idle, and what is begun
first comes first. So a clip of many scenes has all of them, and films are done in order as far as that is possible.
"""

from collections.abc import Callable
from dataclasses import replace

from videostyle.events import Event, FrameDone
from videostyle.frames import hash_of
from videostyle.rendering.job import Prepared
from videostyle.rendering.store.store import Store
from videostyle.rendering.workers.count import Beside, fits_beside, gpus_for
from videostyle.rendering.workers.engine import Engine
from videostyle.rendering.workers.inside import InProcess
from videostyle.rendering.workers.joint import Joint, Together
from videostyle.rendering.workers.machine import cores
from videostyle.rendering.workers.pool import Pool
from videostyle.rendering.workers.processes import Processes
from videostyle.rendering.workers.schedule import CROWD, ends


def most_at_once() -> int:
    """Clips in flight at a time: each worker may have one of its own, and another one may become a film."""
    return cores() + 1


class Flight:
    """A clip that is being rendered."""

    def __init__(self, prepared: Prepared, engine: Engine, expected: float) -> None:
        """expected: seconds until its film is done."""
        self.prepared, self.engine, self.expected = prepared, engine, expected
        plan, store = prepared.plan, Store(prepared.checked.job)
        passes = plan.settings.temporal.passes
        self._left = {
            chunk.name: passes * sum(not store.has(frame) for frame in plan.frames_of(chunk)) for chunk in plan.chunks
        }
        """chunk -> how often its frames are still painted, all passes together"""
        self._each = {
            chunk.name: seconds / max(1, self._left[chunk.name])
            for chunk, seconds in zip(plan.chunks, prepared.price.chunks, strict=True)
        }
        """chunk -> seconds for one of these"""

    @property
    def has_begun(self) -> bool:
        """Whether its chunks have been given to workers, so that these are idle only if there are no more."""
        return not any(self._left.values()) or (isinstance(self.engine, Processes | Together) and self.engine.begun)

    @property
    def is_shared(self) -> bool:
        """Whether others may be painted beside it."""
        return isinstance(self.engine, Processes | Together)

    def hear(self, event: Event) -> None:
        """Count the frames that are painted."""
        if isinstance(event, FrameDone):
            self._left[event.chunk] -= 1

    def rest(self) -> list[float]:
        """Seconds of painting what is left of each chunk, one after the other."""
        return [max(0, left) * self._each[name] for name, left in self._left.items()]


class Crew:
    """Who paints the clips in flight."""

    def __init__(self) -> None:
        self.flights: list[Flight] = []
        """in the order in which they were begun"""
        self._pool: Pool | None = None
        """workers that live on from film to film"""
        self._joint: Joint | None = None
        self._begun = 0
        self._ending: Callable[[], BaseException] | None = None

    def has_room(self) -> bool:
        """Whether workers would be idle if no further clip were begun."""
        if not self.flights:
            return True
        shared = self._pool or self._joint
        return shared is not None and all(flight.has_begun for flight in self.flights) and shared.idle > 0

    def beside(self, others: tuple[float, ...]) -> Beside:
        """What the next clip has to share. others: estimates of the clips that wait after it."""
        workers = self._pool.workers if self._pool and self.flights else 0
        return Beside(workers, self._pool.held() if self._pool else 0, others)

    def suits(self, prepared: Prepared) -> bool:
        """Whether a clip can be painted beside those in flight: with the same workers, or with the same painter."""
        if not self.flights:
            return True
        before, painter = self.flights[-1].prepared, prepared.painter
        if self._joint:
            return _paints(prepared) == _paints(before)
        if self._pool and painter.device == before.painter.device == "cpu":
            return fits_beside(self._bytes(prepared), self._pool.held())
        devices = {one.plan.settings.backbone.device for one in (before, prepared)}
        return self._pool is not None and painter.device == before.painter.device and len(devices) == 1

    def seconds(self, prepared: Prepared) -> float:
        """Until a film is done that is begun now.

        Workers come to its chunks as soon as those that were begun before are painted, and never sooner, so that films
        in flight are not held up. A painter that is shared paints for all at the same time: this is when all are done,
        because later clips do hold up earlier ones. What is left of clips in flight is counted by their frames.
        """
        own, rest = prepared.summary.seconds, [span for flight in self.flights for span in flight.rest() if span]
        if self._joint:
            return own + sum(rest)
        chunks = [span for span in prepared.price.chunks if span]
        if not (self._pool and self.flights and chunks):
            return own
        done = ends([CROWD * span for span in (*rest, *chunks)], self._pool.workers, 0.0)
        return max(own, *done[-len(chunks) :])

    def begin(self, prepared: Prepared) -> Flight:
        """Let a clip have its share of the workers."""
        if not self.flights:
            self._ending = None
            self._hire(prepared)
        self._begun += 1
        engine: Engine = InProcess(prepared.painter)
        if self._joint:
            prepared = replace(prepared, painter=self._joint.painter)  # not two of the same on a device
            engine = Together(self._joint)
        elif self._pool:
            engine = Processes(self._pool, rank=self._begun)
        flight = Flight(prepared, engine, self.seconds(prepared))
        if self._joint:  # it slows those down that share the painter, until it or they are done
            flight.expected = prepared.summary.seconds
            for other in self.flights:
                both = min(sum(flight.rest()), sum(other.rest()))
                other.expected += both
                flight.expected += both
        self.flights.append(flight)
        return flight

    def end(self, flight: Flight) -> None:
        """A clip is done, or given up."""
        self.flights.remove(flight)

    def stop(self, error: Callable[[], BaseException]) -> None:
        """Stop painting all clips, at once. Each ends with an error."""
        self._ending = error
        for flight in self.flights:
            if isinstance(flight.engine, Processes):
                flight.engine.stop(error)

    def close(self) -> None:
        """End the workers."""
        if self._pool:
            self._pool.close()
        self._pool = None

    def _hire(self, prepared: Prepared) -> None:
        """Find who paints a clip, and those that are begun beside it."""
        workers, cost, painter = prepared.summary.workers, prepared.price.cost, prepared.painter
        gpus = gpus_for(workers, painter.device, prepared.plan.settings) if workers > 1 else ()
        if self._pool and (workers == 1 or self._pool.gpus != gpus):
            self.close()  # idle workers would keep their memory
        self._joint = None
        if workers > 1:
            self._pool = self._pool or Pool(workers, gpus)
            self._pool.workers = workers
        elif (slots := min(cost.usual_slots, cost.most_slots)) > 1:
            self._joint = Joint(painter, slots, self._check)

    def _bytes(self, prepared: Prepared) -> int:
        """Memory that a clip takes with those in flight, at most: workers for the largest, and the finish of each."""
        every = [flight.prepared for flight in self.flights]
        finishing = sum(one.price.finishing.bytes_per_slot for one in every)
        return finishing + max(one.summary.bytes for one in (*every, prepared))

    def _check(self) -> None:
        """Raise an error if all clips have to end."""
        if self._ending:
            raise self._ending()


def _paints(prepared: Prepared) -> tuple[object, ...]:
    """All that a painter depends on, and the size of its frames."""
    plan = prepared.plan
    artworks = [hash_of(artwork.pixels) for artwork in plan.artworks]
    return prepared.painter.fingerprint, plan.settings, artworks, plan.work
