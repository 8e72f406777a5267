package io.quorate.engine.agent;

import org.agrona.concurrent.ControlledMessageHandler.Action;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IZ_Result;

/** Two embedders' commands and a request for the status: none is lost, none comes twice. */
@JCStressTest
@Outcome(id = "3, true", expect = Expect.ACCEPTABLE, desc = "both commands, and the request")
@Outcome(expect = Expect.FORBIDDEN, desc = "something was lost or came twice")
@State
public class CommandRingStress {
    private final CommandRing ring = new CommandRing(1 << 10);
    private boolean isTaken;
    private int sum;

    @Actor
    public void first() {
        hand(1);
        ring.requestStatus();
    }

    @Actor
    public void second() {
        hand(2);
    }

    private void hand(final int number) {
        final int index = ring.claimQuery(number, 0, Integer.BYTES);
        ring.buffer().putInt(index, number);
        ring.commit(index);
    }

    @Actor
    public void consensus() {
        isTaken = ring.takeStatusRequest();
        drain();
    }

    private void drain() {
        ring.drain(
                (type, buffer, index, lengthBytes) -> {
                    sum += buffer.getInt(index + CommandRing.BODY_OFFSET);
                    return Action.CONTINUE;
                },
                2);
    }

    @Arbiter
    public void end(final IZ_Result result) {
        drain();
        result.r1 = sum;
        result.r2 = isTaken != ring.takeStatusRequest();
    }
}
