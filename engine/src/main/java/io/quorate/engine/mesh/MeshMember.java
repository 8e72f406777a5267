package io.quorate.engine.mesh;

import io.quorate.engine.membership.Member;
import io.quorate.engine.membership.MemberTable;
import io.quorate.engine.membership.MembershipAdapter;
import io.quorate.engine.membership.MembershipContext;
import io.quorate.engine.membership.MembershipPublisher;
import io.quorate.engine.membership.Swim;
import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.MembershipCounter;
import io.quorate.engine.virtual.SimRandom;
import io.quorate.transport.Outbox;
import io.quorate.transport.auth.Signer;
import java.util.ArrayDeque;

/**
 * One process of a simulated mesh: the production code of membership under a clock of its own, which may crash, be stopped, come
 * back, leave, and see its clock jump. A liar is a correct core with a {@link MeshLiar} on its way out.
 */
final class MeshMember {
    /** Frames that wait while the process is stopped; more are lost, as a socket's buffer would lose them. */
    private static final int HELD_MAX = 512;

    private static final long LATE_MAX_NS = 200_000;
    private static final int MILLION = 1_000_000;

    private record Held(int fromId, MeshNetwork.Frame frame) {}

    private final MeshWorld world;
    private final int id;
    private final SimRandom random;
    private final int driftPpm;
    private final int zone;
    private final ArrayDeque<Held> held = new ArrayDeque<>();
    private final Counters<MembershipCounter> counters = new Counters<>(MembershipCounter.class);
    private MeshLiar liar;
    private Outbox outbox;
    private MembershipContext context;
    private Swim swim;
    private MembershipAdapter adapter;
    private long originNs;
    private int life;
    private boolean isUp;
    private boolean isStopped;
    private boolean isGone;
    private long wakeAtNs = Long.MAX_VALUE;
    private int speakerId = -1;

    MeshMember(final MeshWorld world, final int id, final int driftPpm, final int zone, final SimRandom random) {
        this.world = world;
        this.id = id;
        this.driftPpm = driftPpm;
        this.zone = zone;
        this.random = random;
        originNs = random.nextLong(1L << 40);
        world.network().attach(id, this::onFrame);
    }

    int id() {
        return id;
    }

    /** From now on, and through all lives, what it says is bent. */
    void lie(final MeshLiar newLiar) {
        liar = newLiar;
    }

    boolean isLiar() {
        return liar != null;
    }

    /** The process exists and is not stopped, and has not said goodbye. */
    boolean isRunning() {
        return isUp && !isStopped && !isGone;
    }

    boolean isUp() {
        return isUp;
    }

    /** Whose frame is being handled; -1 if none is. */
    int speakerId() {
        return speakerId;
    }

    /** How many processes this member has been. */
    int life() {
        return life;
    }

    /** It said goodbye, and has not come back. */
    boolean isGone() {
        return isGone;
    }

    Swim swim() {
        return swim;
    }

    MembershipContext context() {
        return context;
    }

    Counters<MembershipCounter> counters() {
        return counters;
    }

    long nowNs() {
        return originNs + world.clock().nowNs() + world.clock().nowNs() / MILLION * driftPpm;
    }

    /** A process begins, with nothing from before but perhaps a table. */
    void start(final int[] seeds, final boolean knowsItsLives, final Member... table) {
        life++;
        isUp = true;
        isStopped = false;
        isGone = false;
        context = new MembershipContext()
                .memberCount(world.memberCount())
                .selfId(id)
                .zone(zone)
                .profile(world.profile())
                .seeds(seeds)
                .firstIncarnation(knowsItsLives ? (long) life << 20 : 1)
                .conclude();
        final Outbox plain = world.network().outbox(id);
        outbox = liar == null ? plain : liar.bend(plain);
        final Signer signer = world.keys().signer(id);
        swim = new Swim(
                context,
                signer,
                world.keys().verifier(),
                random.split(life),
                new MembershipPublisher(outbox),
                (memberId, before, after, nowNs) -> onState(memberId, before, after),
                counters);
        adapter = new MembershipAdapter(context, swim);
        swim.load(table);
        swim.start(nowNs());
        if (liar != null) {
            liar.begin(this, outbox, signer);
        }
        endTurn();
    }

    private void onState(final int memberId, final MemberTable.State before, final MemberTable.State after) {
        world.onState(this, memberId, before, after);
    }

    /** The process is gone, silently. */
    void crash() {
        isUp = false;
        held.clear();
        wakeAtNs = Long.MAX_VALUE;
    }

    /** The process gets no time until {@link #resume}. */
    void stop() {
        isStopped = true;
    }

    void resume() {
        if (!isStopped) {
            return;
        }
        isStopped = false;
        if (!isUp) {
            return;
        }
        // The agent may look at its timers first, or at what came.
        if (random.chance(MILLION / 2)) {
            swim.onTick(nowNs());
        }
        while (!held.isEmpty()) {
            final Held next = held.remove();
            handle(next.fromId, next.frame);
        }
        swim.onTick(nowNs());
        endTurn();
    }

    void leave() {
        if (isRunning()) {
            swim.leave(nowNs());
            outbox.flush();
            isGone = true;
            world.onTurn(this);
        }
    }

    /** The monotonic clock, against all promises, is suddenly another. */
    void jump(final long byNs) {
        originNs += byNs;
        if (isRunning()) {
            swim.onTick(nowNs());
            endTurn();
        }
    }

    private void onFrame(final int fromId, final MeshNetwork.Frame frame) {
        if (!isUp) {
            return;
        }
        if (isStopped) {
            if (held.size() < HELD_MAX) {
                held.add(new Held(fromId, frame));
            }
            return;
        }
        handle(fromId, frame);
        if (swim.dueNs() <= nowNs()) {
            swim.onTick(nowNs());
        }
        endTurn();
    }

    private void handle(final int fromId, final MeshNetwork.Frame frame) {
        speakerId = fromId;
        frame.forEach((buffer, offset, lengthBytes) -> {
            if (liar != null) {
                liar.onHeard(buffer, offset, lengthBytes);
            }
            adapter.onMessage(fromId, buffer, offset, lengthBytes, nowNs());
        });
        speakerId = -1;
    }

    /** Sends what was said, and sees to it that the next deadline is met. */
    void endTurn() {
        outbox.flush();
        world.onTurn(this);
        final long dueNs = swim.dueNs();
        if (dueNs == Long.MAX_VALUE) {
            return;
        }
        final long awayNs = Math.max(0, dueNs - nowNs());
        final long atNs = world.clock().nowNs() + awayNs - awayNs / MILLION * driftPpm + random.nextLong(LATE_MAX_NS);
        if (atNs < wakeAtNs) {
            wakeAtNs = atNs;
            final int ofLife = life;
            world.clock().schedule(atNs - world.clock().nowNs(), () -> onWake(ofLife, atNs));
        }
    }

    private void onWake(final int ofLife, final long atNs) {
        if (ofLife != life || wakeAtNs != atNs) {
            return;
        }
        wakeAtNs = Long.MAX_VALUE;
        if (isRunning()) {
            swim.onTick(nowNs());
            endTurn();
        }
    }
}
