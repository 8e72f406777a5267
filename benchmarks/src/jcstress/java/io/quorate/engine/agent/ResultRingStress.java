package io.quorate.engine.agent;

import org.agrona.concurrent.UnsafeBuffer;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** The same on the way back: the state at a checkpoint. */
@JCStressTest
@Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "the mark has not come")
@Outcome(id = "7", expect = Expect.ACCEPTABLE, desc = "the mark and its snapshot")
@Outcome(expect = Expect.FORBIDDEN, desc = "a mark without its snapshot, or with half of one")
@State
public class ResultRingStress {
    private final ResultRing ring = new ResultRing(1 << 10);
    private int seen;

    @Actor
    public void kernel() {
        ring.checkpoint(1, new UnsafeBuffer(new byte[] {7}));
    }

    @Actor
    public void consensus(final I_Result result) {
        ring.drain(
                (type, buffer, index, lengthBytes) -> {
                    final UnsafeBuffer taken = (UnsafeBuffer) ring.takeObject();
                    seen = taken == null ? -1 : taken.getByte(0);
                },
                1);
        result.r1 = seen;
    }
}
