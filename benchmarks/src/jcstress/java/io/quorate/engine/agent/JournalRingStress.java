package io.quorate.engine.agent;

import io.quorate.engine.journal.JournalBase;
import org.agrona.concurrent.ControlledMessageHandler.Action;
import org.agrona.concurrent.UnsafeBuffer;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * An entry, then a base that lies beside the ring and is announced by a mark in it: whoever sees the mark has the base, and what came
 * before; and nothing is said to be durable before the journal side has had it.
 */
@JCStressTest
@Outcome(id = "0, [012]", expect = Expect.ACCEPTABLE, desc = "nothing has come yet")
@Outcome(id = "5, [012]", expect = Expect.ACCEPTABLE, desc = "the entry")
@Outcome(id = "12, [012]", expect = Expect.ACCEPTABLE, desc = "the entry, and the mark with its base")
@Outcome(
        expect = Expect.FORBIDDEN,
        desc = "a mark without its base, an entry torn or out of order, or durable too early")
@State
public class JournalRingStress {
    private static final int ENTRY = JournalRing.BASE + 1;

    private final JournalRing ring = new JournalRing(1 << 10, 0);
    private final UnsafeBuffer body = new UnsafeBuffer(new byte[] {5});
    private volatile int written;
    private int seen;

    @Actor
    public void consensus(final II_Result result) {
        ring.append(ENTRY, body, 0, 1);
        ring.append(new JournalBase().add(ENTRY, body, 0, 1));
        final int durable = (int) ring.durableNumber();
        result.r2 = durable <= written ? durable : -1;
    }

    @Actor
    public void journal(final II_Result result) {
        ring.drain(
                (type, buffer, index, lengthBytes) -> {
                    final int number = (int) buffer.getLong(index + JournalRing.NUMBER_OFFSET);
                    if (type == JournalRing.BASE) {
                        final JournalBase base = ring.takeBase();
                        seen = base == null || base.count() != 1 || number != 2 ? -100 : seen + 7;
                    } else {
                        seen = number != 1 ? -100 : seen + buffer.getByte(index + JournalRing.BODY_OFFSET);
                    }
                    written = number;
                    ring.publish(number);
                    return Action.CONTINUE;
                },
                2);
        result.r1 = seen;
    }
}
