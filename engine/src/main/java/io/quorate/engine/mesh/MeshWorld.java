package io.quorate.engine.mesh;

import io.quorate.engine.membership.Member;
import io.quorate.engine.membership.MemberTable;
import io.quorate.engine.membership.MembershipContext;
import io.quorate.engine.virtual.SimClock;
import io.quorate.engine.virtual.SimKeys;
import io.quorate.engine.virtual.SimRandom;
import io.quorate.engine.virtual.Trace;
import java.util.function.Consumer;

/** Time, chance, links, keys and processes of one simulated mesh. Everything that happens follows from the seed. */
final class MeshWorld {
    /** Sees every change of opinion and every turn, as nobody inside can. */
    interface Witness {
        void onState(MeshMember observer, int subjectId, MemberTable.State before, MemberTable.State after);

        default void onTurn(MeshMember member) {}
    }

    private static final int DRIFT_MAX_PPM = 200;
    private static final long LABEL_NETWORK = 1;
    private static final long LABEL_KEYS = 2;
    private static final long LABEL_MEMBERS = 3;
    private static final long LABEL_PLAN = 4;

    private final SimClock clock = new SimClock();
    private final SimRandom random;
    private final Trace trace;
    private final SimKeys keys;
    private final MeshNetwork network;
    private final MembershipContext.Profile profile;
    private final MeshMember[] members;
    private Witness witness;
    private boolean isHalted;

    /** @param listener receives the readable trace, or null */
    MeshWorld(
            final long seed,
            final int memberCount,
            final int zones,
            final MembershipContext.Profile profile,
            final Consumer<String> listener) {
        random = new SimRandom(seed);
        trace = new Trace(listener);
        keys = new SimKeys(memberCount, random.split(LABEL_KEYS));
        network = new MeshNetwork(memberCount, clock, random.split(LABEL_NETWORK), trace);
        this.profile = profile;
        members = new MeshMember[memberCount];
        final SimRandom ofMembers = random.split(LABEL_MEMBERS);
        for (int id = 0; id < memberCount; id++) {
            final int driftPpm = (int) ofMembers.between(-DRIFT_MAX_PPM, DRIFT_MAX_PPM);
            members[id] = new MeshMember(this, id, driftPpm, id % zones, ofMembers.split(id));
        }
    }

    void witness(final Witness newWitness) {
        witness = newWitness;
    }

    /** A source of chance for what goes wrong. */
    SimRandom planRandom() {
        return random.split(LABEL_PLAN);
    }

    SimClock clock() {
        return clock;
    }

    Trace trace() {
        return trace;
    }

    SimKeys keys() {
        return keys;
    }

    MeshNetwork network() {
        return network;
    }

    MembershipContext.Profile profile() {
        return profile;
    }

    int memberCount() {
        return members.length;
    }

    MeshMember member(final int memberId) {
        return members[memberId];
    }

    /** First records of all members, for a mesh that has been together for long. */
    Member[] firstRecords(final int zones) {
        final Member[] records = new Member[members.length];
        for (int id = 0; id < members.length; id++) {
            records[id] = Member.sign(id, id % zones, Member.Status.ALIVE, 1, keys.signer(id));
        }
        return records;
    }

    void onState(
            final MeshMember observer,
            final int subjectId,
            final MemberTable.State before,
            final MemberTable.State after) {
        trace.record(
                clock.nowNs(), observer.id(), Trace.Kind.HOLDS, subjectId, before.ordinal() * 16L + after.ordinal());
        if (trace.isReadable()) {
            trace.tell(
                    clock.nowNs(), "member " + observer.id() + " holds " + subjectId + " " + after + ", not " + before);
        }
        if (witness != null) {
            witness.onState(observer, subjectId, before, after);
        }
    }

    void onTurn(final MeshMember member) {
        if (witness != null) {
            witness.onTurn(member);
        }
    }

    /** No time passes any more: what was to be found has been. */
    void halt() {
        isHalted = true;
    }

    /** Lets virtual time pass. */
    void runUntil(final long atNs) {
        final boolean[] isOver = {false};
        clock.schedule(Math.max(0, atNs - clock.nowNs()), () -> isOver[0] = true);
        while (!isHalted && !isOver[0] && clock.step()) {
            // Each step is one event.
        }
    }
}
