package io.quorate.engine.agent;

import io.quorate.engine.coordination.ContributionOutcome;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** An outcome that the agent hands in while two embedders sort what came: it is there afterwards, for both. */
@JCStressTest
@Outcome(id = "true, true", expect = Expect.ACCEPTABLE, desc = "both outcomes are kept")
@Outcome(expect = Expect.FORBIDDEN, desc = "an outcome was lost")
@State
public class MailboxStress {
    private final Mailbox mailbox = new Mailbox();

    @Actor
    public void consensus() {
        mailbox.offer(new Mailbox.Outcome(1, ContributionOutcome.of((byte) 0)));
        mailbox.offer(new Mailbox.Outcome(2, ContributionOutcome.of((byte) 0)));
    }

    @Actor
    public void first() {
        mailbox.outcome(1);
    }

    @Actor
    public void second() {
        mailbox.sort();
    }

    @Arbiter
    public void end(final ZZ_Result result) {
        result.r1 = mailbox.outcome(1) != null;
        result.r2 = mailbox.outcome(2) != null;
    }
}
