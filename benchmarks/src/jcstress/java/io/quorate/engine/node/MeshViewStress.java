package io.quorate.engine.node;

import io.quorate.engine.membership.PartitionGuard.Reason;
import io.quorate.engine.membership.PartitionGuard.Refusal;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** Whoever sees that writes are refused sees why, whole. */
@JCStressTest
@Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "still writable")
@Outcome(id = "5", expect = Expect.ACCEPTABLE, desc = "refused, and why: 2 reached and 3 needed")
@Outcome(expect = Expect.FORBIDDEN, desc = "refused without a reason")
@State
public class MeshViewStress {
    private final MeshView view = new MeshView(4, 1);

    public MeshViewStress() {
        view.guard(null);
    }

    @Actor
    public void node() {
        view.guard(new Refusal(Reason.MINORITY, 2, 3, 4, 1));
    }

    @Actor
    public void embedder(final I_Result result) {
        if (!view.isWritable()) {
            final Refusal refusal = view.refusal();
            result.r1 = refusal == null ? -1 : refusal.reached() + refusal.needed();
        }
    }
}
