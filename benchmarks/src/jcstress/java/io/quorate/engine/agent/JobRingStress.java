package io.quorate.engine.agent;

import org.agrona.concurrent.ControlledMessageHandler.Action;
import org.agrona.concurrent.UnsafeBuffer;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** A snapshot lies beside the ring and is announced by a mark in it: whoever sees the mark has the snapshot, whole. */
@JCStressTest
@Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "the mark has not come")
@Outcome(id = "7", expect = Expect.ACCEPTABLE, desc = "the mark and its snapshot")
@Outcome(expect = Expect.FORBIDDEN, desc = "a mark without its snapshot, or with half of one")
@State
public class JobRingStress {
    private final JobRing ring = new JobRing(1 << 10, 3);
    private final UnsafeBuffer snapshot = new UnsafeBuffer(new byte[] {7});
    private int seen;

    @Actor
    public void consensus() {
        ring.restore(1, snapshot, 0, 1);
    }

    @Actor
    public void kernel(final I_Result result) {
        ring.drain(
                (type, buffer, index, lengthBytes) -> {
                    final var taken = ring.takeSnapshot();
                    seen = taken == null ? -1 : taken.getByte(0);
                    return Action.CONTINUE;
                },
                1);
        result.r1 = seen;
    }
}
