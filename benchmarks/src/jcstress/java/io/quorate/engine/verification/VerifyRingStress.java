package io.quorate.engine.verification;

import static io.quorate.engine.ordering.Request.SIGNATURE_LENGTH;

import org.agrona.concurrent.UnsafeBuffer;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IZ_Result;

/** A good and a bad request while another thread checks: each comes back once, whole, with its own verdict. */
@JCStressTest
@Outcome(id = "102, true", expect = Expect.ACCEPTABLE, desc = "the good one as good, the bad one as bad")
@Outcome(expect = Expect.FORBIDDEN, desc = "one is lost, comes twice, is torn or has the other's verdict")
@State
public class VerifyRingStress {
    private static final int LENGTH = SIGNATURE_LENGTH + Long.BYTES;

    /** A signature holds if it is the number that it signs. */
    private final VerifyRing ring = new VerifyRing(
            (peerId, domain, content, offset, lengthBytes, signature, signatureOffset) ->
                    content.getLong(offset) == signature.getLong(signatureOffset),
            1,
            2,
            LENGTH,
            0);

    private final UnsafeBuffer statement = new UnsafeBuffer(new byte[LENGTH]);
    private int sum;
    private boolean isWhole = true;

    @Actor
    public void owner() {
        offer(1, 1);
        offer(2, 9);
        turn();
    }

    private void offer(final long number, final long signature) {
        statement.putLong(0, signature);
        statement.putLong(SIGNATURE_LENGTH, number);
        ring.offer(0, 0, number, statement, 0, LENGTH);
    }

    @Actor
    public void checker() {
        ring.check(2);
    }

    private void turn() {
        ring.turn((senderId, clientId, number, buffer, offset, lengthBytes, holds) -> {
            isWhole &= lengthBytes == LENGTH && buffer.getLong(offset + SIGNATURE_LENGTH) == number;
            isWhole &= holds == (number == 1);
            sum += number == 1 ? 100 : (int) number;
        });
    }

    @Arbiter
    public void end(final IZ_Result result) {
        ring.check(2);
        turn();
        result.r1 = sum;
        result.r2 = isWhole;
    }
}
