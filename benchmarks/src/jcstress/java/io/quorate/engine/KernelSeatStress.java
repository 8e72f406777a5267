package io.quorate.engine;

import java.util.concurrent.atomic.AtomicInteger;
import org.agrona.concurrent.Agent;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/** Two epochs follow each other while the kernel side works: each one's agent is closed once, and none works after that. */
@JCStressTest
@Outcome(id = "1, 1, 0", expect = Expect.ACCEPTABLE, desc = "both closed, once each")
@Outcome(expect = Expect.FORBIDDEN, desc = "an agent leaks, is closed twice, or works when it is closed")
@State
public class KernelSeatStress {
    private final KernelSeat seat = new KernelSeat();
    private final AtomicInteger workedWhenClosed = new AtomicInteger();
    private final Station first = new Station();
    private final Station second = new Station();

    @Actor
    public void consensus() {
        seat.follow(first);
        seat.follow(second);
    }

    @Actor
    public void kernel() {
        work();
        work();
    }

    private void work() {
        try {
            seat.doWork();
        } catch (final Exception unexpected) {
            throw new IllegalStateException(unexpected);
        }
    }

    @Arbiter
    public void end(final III_Result result) {
        work();
        seat.onClose();
        result.r1 = first.closed.get();
        result.r2 = second.closed.get();
        result.r3 = workedWhenClosed.get();
    }

    private final class Station implements Agent {
        private final AtomicInteger closed = new AtomicInteger();

        @Override
        public int doWork() {
            if (closed.get() > 0) {
                workedWhenClosed.incrementAndGet();
            }
            return 1;
        }

        @Override
        public void onClose() {
            closed.incrementAndGet();
        }

        @Override
        public String roleName() {
            return "station";
        }
    }
}
