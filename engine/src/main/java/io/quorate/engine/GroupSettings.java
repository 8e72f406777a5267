package io.quorate.engine;

import io.quorate.engine.coordination.Coordinator;
import io.quorate.engine.coordination.CoordinatorContext;
import io.quorate.engine.coordination.Grouping;
import io.quorate.engine.coordination.Topology;
import io.quorate.engine.membership.MembershipContext;
import io.quorate.engine.pbft.PbftContext;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import io.quorate.transport.auth.SessionKeys;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * The settings that all peers of a group share, as its roster carries them. The roster's digest is the group id, so two peers
 * with different settings are in different groups and do not hear each other.
 */
public final class GroupSettings {
    private static final String DIMENSION = "dimension";
    private static final String HEADS = "heads";
    private static final String MODE = "mode";
    private static final String TEMPERATURE = "temperature";
    private static final String FAULT_TOLERANCE = "fault-tolerance";
    private static final String GROUPING = "grouping";
    private static final String NEAR_THRESHOLD = "near-threshold";
    private static final String CONTENT_LENGTH_MAX = "content-length-max";
    private static final String ROUND_DEADLINE_MS = "round-deadline-ms";
    private static final String CHECKPOINT_INTERVAL = "checkpoint-interval";
    private static final String VIEW_CHANGE_TIMEOUT_MS = "view-change-timeout-ms";

    private static final String MEMBERSHIP = "membership";
    private static final String OVERLAY_FAULTS = "overlay-faults";
    private static final String READS = "reads";
    private static final String REQUESTS = "requests";

    private static final String GOSSIP_ROUNDS = "gossip-rounds";
    private static final String CONNECTIONS = "connections";
    private static final String ROPE_MODE = "rope-mode";
    private static final String ROPE_SIGMA = "rope-sigma";
    private static final String ROPE_LADDER = "rope-ladder";

    private static final Set<String> KNOWN = Set.of(
            DIMENSION,
            HEADS,
            MODE,
            TEMPERATURE,
            FAULT_TOLERANCE,
            GROUPING,
            NEAR_THRESHOLD,
            CONTENT_LENGTH_MAX,
            ROUND_DEADLINE_MS,
            CHECKPOINT_INTERVAL,
            VIEW_CHANGE_TIMEOUT_MS,
            MEMBERSHIP,
            OVERLAY_FAULTS,
            READS,
            REQUESTS,
            SessionKeys.SEALING_SETTING,
            GOSSIP_ROUNDS,
            CONNECTIONS,
            ROPE_MODE,
            ROPE_SIGMA,
            ROPE_LADDER);

    private static final long NS_PER_MS = 1_000_000L;
    private static final long TIMEOUT_MAX_MS = 3_600_000L;

    private final CoordinatorContext coordinator;
    private final long roundDeadlineNs;
    private final int checkpointInterval;
    private final long viewChangeTimeoutNs;
    private final boolean isReading;
    private final boolean isTagging;
    private final Membership membership;
    private final int overlayFaults;

    /** With which times the peers watch each other. */
    private enum Membership {
        LAN(MembershipContext.Profile.LAN),
        FAST(MembershipContext.Profile.FAST),
        MISSION(MembershipContext.Profile.MISSION),
        OFF(null);

        private final MembershipContext.Profile profile;

        Membership(final MembershipContext.Profile profile) {
            this.profile = profile;
        }
    }

    /** How queries are answered. */
    private enum Reads {
        ORDERED,
        UNORDERED
    }

    /** What says that a request is its client's. */
    private enum Requests {
        TAGGED,
        SIGNED
    }

    private GroupSettings(final Roster roster) {
        final Set<String> known = new TreeSet<>(KNOWN);
        final Topology topology = topology(roster, known);
        roster.requireSettingsAmong(known);
        coordinator = new CoordinatorContext()
                .peerCount(roster.size())
                .dimension((int) roster.setting(DIMENSION, 384, 1, CoordinatorContext.DIMENSION_MAX))
                .heads((int) roster.setting(HEADS, 8, 1, CoordinatorContext.DIMENSION_MAX))
                .mode(choice(roster, MODE, Coordinator.Mode.BYZANTINE))
                .temperature((float) roster.setting(TEMPERATURE, 4.0, 0.001, 64.0))
                .faultTolerance(roster.setting(FAULT_TOLERANCE, 0.33, 0.0, 1.0))
                .grouping(choice(roster, GROUPING, Grouping.Rule.EXACT))
                .nearThreshold(roster.setting(NEAR_THRESHOLD, 0.6, 0.001, 1.0))
                .contentLengthMax(
                        (int) roster.setting(CONTENT_LENGTH_MAX, 16 * 1024, 1, CoordinatorContext.CONTENT_LENGTH_MAX))
                .topology(topology)
                .rope(rope(roster))
                .gossipRounds((int) roster.setting(GOSSIP_ROUNDS, 3, 0, CoordinatorContext.GOSSIP_ROUNDS_MAX))
                .conclude();
        roundDeadlineNs = roster.setting(ROUND_DEADLINE_MS, 500, 1, TIMEOUT_MAX_MS) * NS_PER_MS;
        checkpointInterval = (int) roster.setting(CHECKPOINT_INTERVAL, 64, 1, 4096);
        membership = choice(roster, MEMBERSHIP, Membership.LAN);
        overlayFaults = roster.settings().containsKey(OVERLAY_FAULTS)
                ? (int) roster.setting(OVERLAY_FAULTS, 0, 0, MembershipContext.OVERLAY_FAULTY_MAX)
                : MembershipContext.OVERLAY_FAULTY_BY_GROUP;
        // The links read it themselves; a roster that they would refuse is refused here.
        SessionKeys.Sealing.of(roster);
        isReading = choice(roster, READS, Reads.ORDERED) == Reads.UNORDERED;
        isTagging = choice(roster, REQUESTS, Requests.TAGGED) == Requests.TAGGED;
        viewChangeTimeoutNs = roster.setting(VIEW_CHANGE_TIMEOUT_MS, 500, 1, TIMEOUT_MAX_MS) * NS_PER_MS;
    }

    /**
     * Reads the settings of a roster; a missing one has its default.
     *
     * @throws IllegalArgumentException that names the line, what was given and what is allowed
     */
    public static GroupSettings of(final Roster roster) {
        return new GroupSettings(roster);
    }

    /** True if a group can go on with this roster; the same at every peer, for it depends on nothing else. */
    static boolean isUsable(final Roster roster) {
        try {
            of(roster);
            return true;
        } catch (final IllegalArgumentException refused) {
            return false;
        }
    }

    public CoordinatorContext coordinator() {
        return coordinator;
    }

    public long roundDeadlineNs() {
        return roundDeadlineNs;
    }

    /** Settings of membership for one peer of the roster that these are the settings of; null if its peers are not watched. */
    public MembershipContext membership(final Roster roster, final int selfId) {
        if (membership == Membership.OFF || roster.size() < 2) {
            return null;
        }
        return new MembershipContext()
                .memberCount(roster.size())
                .selfId(selfId)
                .epoch(roster.epoch())
                .seeds(IntStream.range(0, roster.size()).toArray())
                .profile(membership.profile)
                .overlayFaultyMax(overlayFaults)
                .conclude();
    }

    /**
     * Fills what the group decides of pBFT's settings.
     *
     * @param roster the one that these are the settings of
     * @param identity of the peer in it
     */
    void applyTo(final PbftContext context, final Roster roster, final PeerIdentity identity) {
        context.peerCount(coordinator.peerCount())
                .checkpointInterval(checkpointInterval)
                .isReading(isReading)
                .authenticator(isTagging ? identity.authenticator(roster) : null)
                .viewChangeTimeoutNs(viewChangeTimeoutNs)
                .viewChangeTimeoutMaxNs(Math.max(16 * viewChangeTimeoutNs, viewChangeTimeoutNs));
    }

    /**
     * The graph of the settings {@code connections}, {@code connections-2}, {@code connections-3} and so on, which continue each
     * other without gaps; without the first one all peers are connected.
     */
    private static Topology topology(final Roster roster, final Set<String> known) {
        final StringBuilder text = new StringBuilder();
        String key = CONNECTIONS;
        for (int line = 2; roster.settings().containsKey(key); line++) {
            text.append(' ').append(roster.setting(key, ""));
            known.add(key);
            key = CONNECTIONS + "-" + line;
        }
        if (text.isEmpty()) {
            return Topology.complete(roster.size());
        }
        try {
            return Topology.parse(roster.size(), text.toString());
        } catch (final IllegalArgumentException e) {
            throw new IllegalArgumentException("the roster's setting " + CONNECTIONS + ": " + e.getMessage(), e);
        }
    }

    private static Topology.Rope rope(final Roster roster) {
        final Topology.Rope standard = Topology.Rope.DEFAULT;
        return new Topology.Rope(
                choice(roster, ROPE_MODE, standard.mode()),
                roster.setting(ROPE_SIGMA, standard.sigma(), 0.0, Topology.Rope.SIGMA_MAX),
                roster.setting(ROPE_LADDER, standard.ladder(), 1.0, Topology.Rope.LADDER_MAX));
    }

    private static <E extends Enum<E>> E choice(final Roster roster, final String key, final E defaultValue) {
        final E[] values = defaultValue.getDeclaringClass().getEnumConstants();
        final List<String> allowed =
                Arrays.stream(values).map(GroupSettings::label).toList();
        final String given = roster.setting(key, label(defaultValue), allowed);
        return values[allowed.indexOf(given)];
    }

    private static String label(final Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
