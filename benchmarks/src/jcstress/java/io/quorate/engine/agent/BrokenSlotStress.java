package io.quorate.engine.agent;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** The broken twin: a mark without an order to what it announces. That "a mark without its snapshot" is seen here shows that it can be. */
@JCStressTest
@Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "the mark has not come")
@Outcome(id = "7", expect = Expect.ACCEPTABLE, desc = "the mark and its snapshot")
@Outcome(id = "-1", expect = Expect.ACCEPTABLE_INTERESTING, desc = "a mark without its snapshot")
@State
public class BrokenSlotStress {
    private boolean isMarked;
    private byte[] snapshot;

    @Actor
    public void producer() {
        isMarked = true;
        snapshot = new byte[] {7};
    }

    @Actor
    public void consumer(final I_Result result) {
        if (isMarked) {
            final byte[] taken = snapshot;
            result.r1 = taken == null ? -1 : taken[0];
        }
    }
}
