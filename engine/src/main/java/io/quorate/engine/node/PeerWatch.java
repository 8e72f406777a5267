package io.quorate.engine.node;

import io.quorate.engine.membership.MemberTable;
import io.quorate.engine.membership.MembershipAdapter;
import io.quorate.engine.membership.MembershipContext;
import io.quorate.engine.membership.MembershipPublisher;
import io.quorate.engine.membership.PartitionGuard;
import io.quorate.engine.membership.Reputation;
import io.quorate.engine.membership.Swim;
import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.MembershipCounter;
import io.quorate.transport.Outbox;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.Verifier;
import java.util.random.RandomGenerator;
import org.agrona.DirectBuffer;

/**
 * Membership as part of an agent that has links already: who is there, and whether a quorum is reached. Its agent hands in what
 * arrives and lets it look at the clock each turn; all on the agent's thread, but for {@link #view()}.
 */
public final class PeerWatch {
    private static final long VIEW_NS = 500_000_000;

    private final MembershipContext context;
    private final Counters<MembershipCounter> counters = new Counters<>(MembershipCounter.class);
    private final Swim swim;
    private final MembershipAdapter adapter;
    private final MeshView view;
    private final MemberTable.Listener listener;
    private final Runnable onViewed;
    private boolean isStarted;
    private long viewAtNs;

    /**
     * @param context concluded
     * @param random seeded; nobody outside should be able to foresee it
     * @param listener hears of each change of a member's state and each round trip
     * @param onViewed called whenever the view was made anew, twice a second
     */
    public PeerWatch(
            final MembershipContext context,
            final Signer signer,
            final Verifier verifier,
            final RandomGenerator random,
            final Outbox outbox,
            final MemberTable.Listener listener,
            final Runnable onViewed) {
        this.context = context;
        this.listener = listener;
        this.onViewed = onViewed;
        view = new MeshView(context.memberCount(), context.periodNs());
        swim = new Swim(
                context, signer, verifier, random, new MembershipPublisher(outbox), new StateListener(), counters);
        adapter = new MembershipAdapter(context, swim);
        for (int id = 0; id < context.memberCount(); id++) {
            view.reputation(id, Reputation.BEST);
        }
    }

    /** Begins to take part; until then it answers nobody. */
    public void start(final long nowNs) {
        isStarted = true;
        viewAtNs = nowNs;
        swim.start(nowNs);
    }

    /** False if the message is none of membership. */
    public boolean onMessage(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        return adapter.onMessage(senderId, buffer, offset, lengthBytes, nowNs);
    }

    /** Does what is due. */
    public int onTick(final long nowNs) {
        if (!isStarted) {
            return 0;
        }
        int work = 0;
        if (swim.dueNs() <= nowNs) {
            swim.onTick(nowNs);
            work++;
        }
        update(nowNs);
        return work;
    }

    private void update(final long nowNs) {
        final PartitionGuard guard = swim.guard();
        final boolean isDue = nowNs - viewAtNs >= 0;
        if (isDue || guard.isWritable() != view.isWritable()) {
            view.guard(guard.refusal());
        }
        if (isDue || swim.isJoined() != view.isJoined()) {
            viewAtNs = nowNs + VIEW_NS;
            view.self(swim.isJoined(), swim.health());
            for (int id = 0; id < context.memberCount(); id++) {
                view.reputation(id, swim.reputation().of(id));
            }
            onViewed.run();
        }
    }

    /** Says goodbye; from then on this member only falls silent. */
    public void leave(final long nowNs) {
        if (isStarted) {
            swim.leave(nowNs);
        }
    }

    public Swim swim() {
        return swim;
    }

    public MembershipContext context() {
        return context;
    }

    public Counters<MembershipCounter> counters() {
        return counters;
    }

    /** Any thread. */
    public MeshView view() {
        return view;
    }

    /** Writes the view first. */
    private final class StateListener implements MemberTable.Listener {
        @Override
        public void onState(
                final int memberId, final MemberTable.State before, final MemberTable.State after, final long nowNs) {
            view.state(memberId, after);
            listener.onState(memberId, before, after, nowNs);
        }

        @Override
        public void onAnswered(final int memberId, final long roundTripNs, final long nowNs) {
            view.roundTrip(memberId, roundTripNs);
            listener.onAnswered(memberId, roundTripNs, nowNs);
        }
    }
}
