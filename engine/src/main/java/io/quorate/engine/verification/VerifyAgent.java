package io.quorate.engine.verification;

import org.agrona.concurrent.Agent;

/** Checks the signatures of one {@link VerifyRing} after the other, one an epoch, on a thread of its own. */
public final class VerifyAgent implements Agent {
    private static final int CHECKS_A_TURN = 16;

    private volatile VerifyRing ring;

    /** Any thread: from now on this ring's signatures; what is left in the one before is of an epoch that is over. */
    public void serve(final VerifyRing next) {
        ring = next;
    }

    @Override
    public int doWork() {
        final VerifyRing serving = ring;
        return serving == null ? 0 : serving.check(CHECKS_A_TURN);
    }

    @Override
    public String roleName() {
        return "verifier";
    }
}
