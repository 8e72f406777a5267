package io.quorate.engine.decision;

import io.quorate.engine.coordination.Coordinator;
import io.quorate.engine.coordination.CoordinatorContext;
import io.quorate.engine.coordination.Grouping;
import io.quorate.engine.coordination.Round;
import io.quorate.engine.coordination.Topology;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import org.agrona.DirectBuffer;

/**
 * What a group decided in one round. Immutable.
 *
 * <p>The digest covers every field that the ordered inputs determine, in the canonical encoding of
 * {@link DecisionEncoding}; what it cost to compute ({@link #cost()}) is local to a peer and stands outside.
 */
public final class Decision {
    /** No peer: there is no agreed answer. */
    public static final int NO_PEER = -1;

    private static final int REASON_GROUPS_MAX = 8;

    private final String round;
    private final long sequence;
    private final Settings settings;
    private final Verdict verdict;
    private final List<Contributor> contributors;
    private final List<Suspect> byzantine;
    private final List<Conflict> conflicts;
    private final float[] fused;
    private final Details details;
    private final byte[] digest;
    private final Cost cost;

    /**
     * The group's settings that the result depends on.
     *
     * @param peerCount n, members of the group
     * @param faulty how many liars the numbers allowed for: f, but at most (m - 1) / 2 for m contributors
     * @param quorum q
     * @param nearThreshold 0 when grouping is exact
     */
    public record Settings(
            Coordinator.Mode mode,
            Grouping.Rule grouping,
            int peerCount,
            int heads,
            int faulty,
            int quorum,
            float temperature,
            double nearThreshold) {}

    /**
     * The answer of the round.
     *
     * @param largestGroup lowest peer id of the largest group
     * @param consensusPeer whose answer represents the decision; {@link #NO_PEER} without a quorum
     * @param consensus that answer as its peer gave it; null without a quorum
     * @param agreement supporters of the largest group, divided by n
     * @param strength agreement times the mean pairwise cosine of the supporters' vectors
     */
    public record Verdict(
            Status status, int largestGroup, int consensusPeer, String consensus, double agreement, double strength) {}

    /**
     * One peer that contributed.
     *
     * @param group lowest peer id with the same answer
     * @param influence share of 1
     * @param outputDigest SHA-256 of its Contribution command, in hex
     */
    public record Contributor(int peerId, String type, int group, double influence, String outputDigest) {}

    /**
     * A peer named by the detector.
     *
     * @param distance of its vector to the geometric median, in the vectors' units
     * @param score 0.6745 (distance - median) / MAD; the largest double when the MAD is 0
     */
    public record Suspect(int peerId, double distance, double score) {}

    /**
     * A peer that said two different things in this round; both were signed.
     *
     * @param count how many different contributions followed the one that counts
     * @param firstDigest SHA-256 of the first of those, in hex
     */
    public record Conflict(int peerId, int count, String firstDigest) {}

    /** What a mode tells of itself beyond the fused vector; the modes attention and byzantine tell nothing. */
    public sealed interface Details permits Gossip, Turn {}

    /**
     * How gossip went.
     *
     * @param graphDigest SHA-256 of the group's graph, in hex
     * @param rounds R
     * @param spreadBefore diagonal of the smallest box that holds all contributed vectors
     * @param spreadAfter the same of the final states
     * @param finalDistances of each contributor's final state to the fused vector, by rising peer id
     */
    public record Gossip(
            String graphDigest, int rounds, double spreadBefore, double spreadAfter, List<Double> finalDistances)
            implements Details {
        public Gossip {
            finalDistances = List.copyOf(finalDistances);
        }
    }

    /**
     * By what mode topology turned the directions.
     *
     * @param graphDigest SHA-256 of the group's graph, in hex
     */
    public record Turn(String graphDigest, Topology.Rope rope) implements Details {}

    /**
     * What it cost this peer to compute the decision.
     *
     * @param executionNanos from the inputs to the result
     * @param memoryBytes off-heap bytes that the computation holds
     * @param kernelName which kernels ran
     * @param kernelBits their vector width
     */
    public record Cost(long executionNanos, long memoryBytes, String kernelName, int kernelBits) {}

    /** Whether a quorum gave the same answer. */
    public enum Status {
        NO_QUORUM("no-quorum"),
        AGREED("agreed");

        private final String label;

        Status(final String label) {
            this.label = label;
        }

        /** As people and files write it. */
        public String label() {
            return label;
        }
    }

    Decision(
            final String round,
            final long sequence,
            final Settings settings,
            final Verdict verdict,
            final List<Contributor> contributors,
            final List<Suspect> byzantine,
            final List<Conflict> conflicts,
            final float[] fused,
            final Details details,
            final Cost cost) {
        this.round = round;
        this.sequence = sequence;
        this.settings = settings;
        this.verdict = verdict;
        this.contributors = List.copyOf(contributors);
        this.byzantine = List.copyOf(byzantine);
        this.conflicts = List.copyOf(conflicts);
        this.fused = fused.clone();
        this.details = details;
        this.cost = cost;
        this.digest = DecisionEncoding.digest(this);
    }

    /** What the coordinator found for a round, which it computed last, as a decision. */
    public static Decision of(
            final Round round, final long sequence, final Coordinator coordinator, final long executionNanos) {
        final List<Contributor> contributors = new ArrayList<>();
        final List<Conflict> conflicts = new ArrayList<>();
        for (int i = 0; i < coordinator.contributorCount(); i++) {
            final int peerId = coordinator.peerId(i);
            contributors.add(new Contributor(
                    peerId,
                    round.type(peerId),
                    coordinator.group(i),
                    coordinator.influence(i),
                    round.outputDigest(peerId)));
            if (round.conflictCount(peerId) > 0) {
                conflicts.add(new Conflict(peerId, round.conflictCount(peerId), round.conflictDigest(peerId)));
            }
        }
        final List<Suspect> byzantine = new ArrayList<>();
        for (int i = 0; i < coordinator.suspectCount(); i++) {
            byzantine.add(
                    new Suspect(coordinator.suspect(i), coordinator.suspectDistance(i), coordinator.suspectScore(i)));
        }
        final CoordinatorContext context = coordinator.context();
        final float[] fused = new float[context.dimension()];
        for (int i = 0; i < fused.length; i++) {
            fused[i] = coordinator.fused(i);
        }
        final boolean isAgreed = coordinator.isAgreed();
        final Verdict verdict = new Verdict(
                isAgreed ? Status.AGREED : Status.NO_QUORUM,
                coordinator.largestGroup(),
                isAgreed ? coordinator.consensusPeer() : NO_PEER,
                isAgreed ? round.content(coordinator.consensusPeer()) : null,
                coordinator.agreement(),
                coordinator.strength());
        final Cost cost = new Cost(
                executionNanos,
                coordinator.memoryBytes() + round.memoryBytes(),
                coordinator.kernelName(),
                coordinator.kernelBits());
        return new Decision(
                round.name(),
                sequence,
                settingsOf(coordinator),
                verdict,
                contributors,
                byzantine,
                conflicts,
                fused,
                detailsOf(coordinator),
                cost);
    }

    /**
     * The decision whose canonical encoding these bytes are; its cost is null.
     *
     * @throws IllegalArgumentException if they are not exactly the canonical encoding of a decision
     */
    public static Decision decode(final DirectBuffer buffer, final int offset, final int lengthBytes) {
        return DecisionEncoding.decode(buffer, offset, lengthBytes);
    }

    /** The canonical encoding, which the digest covers. */
    public byte[] encode() {
        return DecisionEncoding.encode(this);
    }

    /** SHA-256 of {@link #encode()}, computed from the fields when the decision was made or decoded. */
    public byte[] digest() {
        return digest.clone();
    }

    public String round() {
        return round;
    }

    public long sequence() {
        return sequence;
    }

    public Settings settings() {
        return settings;
    }

    public Verdict verdict() {
        return verdict;
    }

    public Status status() {
        return verdict.status();
    }

    public boolean isAgreed() {
        return verdict.status() == Status.AGREED;
    }

    /** By rising peer id. */
    public List<Contributor> contributors() {
        return contributors;
    }

    /** The most distant first. */
    public List<Suspect> byzantine() {
        return byzantine;
    }

    /** By rising peer id. */
    public List<Conflict> conflicts() {
        return conflicts;
    }

    public float[] fused() {
        return fused.clone();
    }

    /** What the mode tells of itself, or null. */
    public Details details() {
        return details;
    }

    /** Null if the decision was decoded. */
    public Cost cost() {
        return cost;
    }

    /** Peer ids of the largest group, rising; without a quorum too. */
    public int[] support() {
        return contributors.stream()
                .filter(contributor -> contributor.group() == verdict.largestGroup())
                .mapToInt(Contributor::peerId)
                .toArray();
    }

    /** Contributors by falling influence, equal influence by rising peer id. */
    public List<Contributor> ranking() {
        return contributors.stream()
                .sorted(Comparator.comparingDouble(Contributor::influence).reversed())
                .toList();
    }

    /** One sentence that says why the round ended as it did; made from the digested fields alone. */
    public String reason() {
        final int peers = settings.peerCount();
        final int quorum = settings.quorum();
        final int supporters = support().length;
        if (isAgreed()) {
            return supporters + " of " + counted(peers, "peer") + " gave " + sameAnswer() + ", quorum is " + quorum;
        }
        if (contributors.size() < quorum) {
            return "only " + contributors.size() + " of " + counted(peers, "peer")
                    + " contributed before the deadline, quorum is " + quorum;
        }
        final int[] sizes = groupSizes();
        if (sizes.length == 1) {
            return "the one answer has " + supporters + " of " + counted(peers, "peer") + ", quorum is " + quorum;
        }
        return sizes.length + " answers differ" + against(sizes) + ": the largest group has " + supporters + " of "
                + counted(peers, "peer") + ", quorum is " + quorum;
    }

    @Override
    public boolean equals(final Object other) {
        return other instanceof Decision && Arrays.equals(digest, ((Decision) other).digest);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(digest);
    }

    @Override
    public String toString() {
        return "Decision{" + round + ", " + status().label() + ": " + reason() + "}";
    }

    private static Settings settingsOf(final Coordinator coordinator) {
        final CoordinatorContext context = coordinator.context();
        return new Settings(
                context.mode(),
                context.grouping(),
                context.peerCount(),
                context.heads(),
                coordinator.faulty(),
                context.quorum().quorum(),
                context.temperature(),
                context.grouping() == Grouping.Rule.NEAR ? context.nearThreshold() : 0);
    }

    private static Details detailsOf(final Coordinator coordinator) {
        final CoordinatorContext context = coordinator.context();
        if (context.mode() == Coordinator.Mode.TOPOLOGY) {
            return new Turn(HexFormat.of().formatHex(context.topology().digest()), context.rope());
        }
        if (context.mode() != Coordinator.Mode.GOSSIP) {
            return null;
        }
        final List<Double> distances = new ArrayList<>();
        for (int i = 0; i < coordinator.contributorCount(); i++) {
            distances.add(coordinator.finalDistance(i));
        }
        return new Gossip(
                HexFormat.of().formatHex(context.topology().digest()),
                context.gossipRounds(),
                coordinator.spreadBefore(),
                coordinator.spreadAfter(),
                distances);
    }

    private int[] groupSizes() {
        return contributors.stream()
                .collect(Collectors.groupingBy(Contributor::group, Collectors.counting()))
                .values()
                .stream()
                .sorted(Comparator.reverseOrder())
                .mapToInt(Long::intValue)
                .toArray();
    }

    private String sameAnswer() {
        return settings.grouping() == Grouping.Rule.NEAR ? "near answers" : "the same answer";
    }

    private static String against(final int[] sizes) {
        if (sizes[0] == 1 || sizes.length > REASON_GROUPS_MAX) {
            return "";
        }
        return Arrays.stream(sizes).mapToObj(Integer::toString).collect(Collectors.joining(" against ", " (", ")"));
    }

    private static String counted(final int count, final String noun) {
        return count + " " + noun + (count == 1 ? "" : "s");
    }
}
