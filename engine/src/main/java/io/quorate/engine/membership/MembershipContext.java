package io.quorate.engine.membership;

import io.quorate.engine.quorum.Quorum;
import java.util.Locale;

/**
 * Settings of membership, with units; {@link #conclude()} checks, fills defaults and freezes. All but {@code selfId}, {@code zone},
 * {@code seeds} and {@code firstIncarnation} must be equal on all members.
 */
public final class MembershipContext {
    private static final long MS = 1_000_000;

    /** Sets of times that fit together; docs/protocols/membership.md, section 8. */
    public enum Profile {
        /** The mission's: heartbeats of 3 s, dead after 10 s. */
        MISSION(3_000 * MS, 1_000 * MS, 2_000 * MS),
        LAN(500 * MS, 150 * MS, 500 * MS),
        FAST(125 * MS, 50 * MS, 150 * MS);

        private final long periodNs;
        private final long ackNs;
        private final long confirmNs;

        Profile(final long periodNs, final long ackNs, final long confirmNs) {
            this.periodNs = periodNs;
            this.ackNs = ackNs;
            this.confirmNs = confirmNs;
        }
    }

    /** Most cut vertices that an overlay may be asked to survive. */
    public static final int OVERLAY_FAULTY_MAX = 15;

    /** In place of fOverlay: min(f, 4). */
    public static final int OVERLAY_FAULTY_BY_GROUP = -1;

    private int memberCount = 0;
    private int selfId = -1;
    private long epoch = 1;
    private int zone = 0;
    private int[] seeds = {};
    private long firstIncarnation = 1;
    private Profile profile = Profile.LAN;
    private long periodNs = 0;
    private long ackNs = 0;
    private long confirmNs = 0;
    private long announceNs = 30_000 * MS;
    private int helpers = 3;
    private int newsFanout = 0;
    private int overlayFaultyMax = OVERLAY_FAULTY_BY_GROUP;
    private int observerLiarsMax = 4;
    private boolean isConcluded;

    /** n, members whose keys are known, 2 to 65,535; required. */
    public MembershipContext memberCount(final int newMemberCount) {
        changing();
        memberCount = newMemberCount;
        return this;
    }

    /** This member's id; required. */
    public MembershipContext selfId(final int newSelfId) {
        changing();
        selfId = newSelfId;
        return this;
    }

    /** Of the roster; 1. Observers, ring and panels are drawn by it. */
    public MembershipContext epoch(final long newEpoch) {
        changing();
        epoch = newEpoch;
        return this;
    }

    /** Rack or site of this member, as its operator numbers them; 0. */
    public MembershipContext zone(final int newZone) {
        changing();
        zone = newZone;
        return this;
    }

    /** Members to join through; itself among them is left out. None: it waits to be joined, and looks for everybody in turn. */
    public MembershipContext seeds(final int... newSeeds) {
        changing();
        seeds = newSeeds.clone();
        return this;
    }

    /** Above every incarnation of earlier lives, if that is known; else 1, and the join tells. */
    public MembershipContext firstIncarnation(final long newFirstIncarnation) {
        changing();
        firstIncarnation = newFirstIncarnation;
        return this;
    }

    /** Sets of times; LAN. */
    public MembershipContext profile(final Profile newProfile) {
        changing();
        profile = newProfile;
        return this;
    }

    /** T, from one ping to the next; the profile's. Shorter finds crashes sooner and costs 2/T packets a second. */
    public MembershipContext periodNs(final long newPeriodNs) {
        changing();
        periodNs = newPeriodNs;
        return this;
    }

    /** A, wait for an ack; the profile's. Too short and a busy member asks helpers in vain. */
    public MembershipContext ackNs(final long newAckNs) {
        changing();
        ackNs = newAckNs;
        return this;
    }

    /** C, time that a suspect has to answer a confirming probe; the profile's. A stop shorter than this is forgiven. */
    public MembershipContext confirmNs(final long newConfirmNs) {
        changing();
        confirmNs = newConfirmNs;
        return this;
    }

    /** How often the own record is said again; 30 s. */
    public MembershipContext announceNs(final long newAnnounceNs) {
        changing();
        announceNs = newAnnounceNs;
        return this;
    }

    /** Helpers of a probe; 3. */
    public MembershipContext helpers(final int newHelpers) {
        changing();
        helpers = newHelpers;
        return this;
    }

    /** To how many members news is passed on; 3, of more than 64 members 4. */
    public MembershipContext newsFanout(final int newNewsFanout) {
        changing();
        newsFanout = newNewsFanout;
        return this;
    }

    /** fOverlay, how many cut vertices the overlay survives; min(f, 4). */
    public MembershipContext overlayFaultyMax(final int newOverlayFaultyMax) {
        changing();
        overlayFaultyMax = newOverlayFaultyMax;
        return this;
    }

    /** g, liars that an observer set of a mesh of more than 64 bears; 4. */
    public MembershipContext observerLiarsMax(final int newObserverLiarsMax) {
        changing();
        observerLiarsMax = newObserverLiarsMax;
        return this;
    }

    /** @throws IllegalArgumentException naming the setting, what is given and what is allowed */
    public MembershipContext conclude() {
        changing();
        require(memberCount >= 2 && memberCount <= Member.ID_MAX, "memberCount is 2 to 65535", memberCount);
        require(selfId >= 0 && selfId < memberCount, "selfId is 0 to " + (memberCount - 1), selfId);
        require(zone >= 0 && zone <= Member.ID_MAX, "zone is 0 to 65535", zone);
        require(firstIncarnation >= 1, "firstIncarnation is at least 1", firstIncarnation);
        for (final int seed : seeds) {
            require(seed >= 0 && seed < memberCount, "a seed is 0 to " + (memberCount - 1), seed);
        }
        periodNs = periodNs == 0 ? profile.periodNs : periodNs;
        ackNs = ackNs == 0 ? profile.ackNs : ackNs;
        confirmNs = confirmNs == 0 ? profile.confirmNs : confirmNs;
        require(ackNs >= 1 && ackNs < periodNs, "ackNs is 1 to below the period of " + periodNs, ackNs);
        require(confirmNs >= ackNs, "confirmNs is at least ackNs, " + ackNs, confirmNs);
        require(announceNs >= periodNs, "announceNs is at least the period of " + periodNs, announceNs);
        require(helpers >= 1 && helpers <= 16, "helpers is 1 to 16", helpers);
        newsFanout = newsFanout == 0 ? (memberCount <= FailureQuorum.EVERYBODY_MAX ? 3 : 4) : newsFanout;
        require(newsFanout >= 1 && newsFanout <= 16, "newsFanout is 1 to 16", newsFanout);
        require(observerLiarsMax >= 1 && observerLiarsMax <= 21, "observerLiarsMax is 1 to 21", observerLiarsMax);
        final int faultyMax = Quorum.of(panelCount()).faultyMax();
        overlayFaultyMax = overlayFaultyMax == OVERLAY_FAULTY_BY_GROUP ? Math.min(faultyMax, 4) : overlayFaultyMax;
        require(
                overlayFaultyMax >= 0 && overlayFaultyMax <= OVERLAY_FAULTY_MAX,
                "overlayFaultyMax is 0 to 15",
                overlayFaultyMax);
        isConcluded = true;
        return this;
    }

    public int memberCount() {
        return memberCount;
    }

    public int selfId() {
        return selfId;
    }

    public long epoch() {
        return epoch;
    }

    public int zone() {
        return zone;
    }

    int[] seeds() {
        return seeds;
    }

    public long firstIncarnation() {
        return firstIncarnation;
    }

    public Profile profile() {
        return profile;
    }

    public long periodNs() {
        return periodNs;
    }

    public long ackNs() {
        return ackNs;
    }

    public long confirmNs() {
        return confirmNs;
    }

    public long announceNs() {
        return announceNs;
    }

    public int helpers() {
        return helpers;
    }

    public int newsFanout() {
        return newsFanout;
    }

    public int overlayFaultyMax() {
        return overlayFaultyMax;
    }

    public int observerLiarsMax() {
        return observerLiarsMax;
    }

    /** Neighbours in the overlay: max(3, fOverlay + 1). */
    public int neighbours() {
        return Math.max(3, overlayFaultyMax + 1);
    }

    /** Members that the own guard looks at, itself included: all, or 64 of more. */
    public int panelCount() {
        return Math.min(memberCount, FailureQuorum.EVERYBODY_MAX);
    }

    /** From a crash to the last live member's knowing, at the worst while the predecessor in the ring is correct. */
    public long detectionWorstNs() {
        return 2 * periodNs + 2 * ackNs + confirmNs;
    }

    /** The same on average over the moment of the crash. */
    public long detectionMeanNs() {
        return (long) (2 * periodNs / Math.E) + 2 * ackNs + confirmNs;
    }

    /** From a split to the last member's knowing on which side it is, at the worst. */
    public long splitKnownNs() {
        return 2 * periodNs + 3 * ackNs;
    }

    /** For the operator, at the start. */
    public String predicted() {
        return String.format(
                Locale.ROOT,
                "profile %s: a silent crash is known everywhere after %.2f s on average, %.2f s at the worst; a split within"
                        + " %.2f s; %.1f packets/s a member",
                profile.name().toLowerCase(Locale.ROOT),
                detectionMeanNs() / 1e9,
                detectionWorstNs() / 1e9,
                splitKnownNs() / 1e9,
                2e9 / periodNs);
    }

    private void changing() {
        if (isConcluded) {
            throw new IllegalStateException("settings are concluded");
        }
    }

    private static void require(final boolean condition, final String rule, final long given) {
        if (!condition) {
            throw new IllegalArgumentException(rule + ", given " + given);
        }
    }
}
