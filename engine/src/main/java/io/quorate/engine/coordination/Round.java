package io.quorate.engine.coordination;

import io.quorate.kernels.embed.HashedEmbedder;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.memory.FloatSlab;
import io.quorate.transport.auth.Digest;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HexFormat;
import org.agrona.MutableDirectBuffer;

/**
 * The peer outputs of one round: a row for each peer, in peer-id order, whatever the order of arrival. The first output of a
 * peer counts; a second, different one is refused and remembered.
 *
 * <p>Holds its vectors off the heap and is used again for another round after {@link #open}; close it at the end.
 */
public final class Round implements AutoCloseable {
    /** Length of the hashed embeddings by which near answers are found, whatever the vectors' dimension. */
    public static final int WORDING_DIMENSION = 384;

    private final CoordinatorContext context;
    private final FloatSlab slab;
    private final FloatMatrix vectors;
    private final HashedEmbedder embedder;
    private final FloatMatrix wordings;
    private final boolean[] isPresent;
    private final String[] types;
    private final String[] contents;
    private final String[] foldedContents;
    private final boolean[] hasWording;
    private final byte[][] digests;
    private final int[] conflictCounts;
    private final byte[][] conflictDigests;

    private String name = "";
    private int contributorCount;

    /** @param context concluded settings; the round has room for every peer of the group */
    public Round(final CoordinatorContext context) {
        context.requireConcluded();
        this.context = context;
        final int peers = context.peerCount();
        final boolean isNear = context.grouping() == Grouping.Rule.NEAR;
        final long vectorFloats = (long) peers * context.dimension();
        slab = FloatSlab.allocate(vectorFloats + (isNear ? (long) peers * WORDING_DIMENSION : 0));
        vectors = slab.matrix(0, peers, context.dimension());
        embedder = new HashedEmbedder(WORDING_DIMENSION);
        wordings = isNear ? slab.matrix(vectorFloats, peers, WORDING_DIMENSION) : null;
        isPresent = new boolean[peers];
        types = new String[peers];
        contents = new String[peers];
        foldedContents = new String[peers];
        hasWording = new boolean[peers];
        digests = new byte[peers][Digest.LENGTH];
        conflictCounts = new int[peers];
        conflictDigests = new byte[peers][Digest.LENGTH];
    }

    /** Forgets everything and begins the round of this name. */
    public void open(final String name) {
        this.name = name;
        contributorCount = 0;
        Arrays.fill(isPresent, false);
        Arrays.fill(types, null);
        Arrays.fill(contents, null);
        Arrays.fill(foldedContents, null);
        Arrays.fill(conflictCounts, 0);
        for (final byte[] digest : conflictDigests) {
            Arrays.fill(digest, (byte) 0);
        }
    }

    /**
     * Counts the output of a peer, if it is the first one.
     *
     * @param output that {@link PeerOutput#wrap} accepted
     */
    public ContributionOutcome add(final int peerId, final PeerOutput output) {
        if (peerId < 0 || peerId >= isPresent.length) {
            return ContributionOutcome.SENDER_UNKNOWN;
        }
        if (isPresent[peerId]) {
            if (Arrays.equals(digests[peerId], output.digest())) {
                return ContributionOutcome.DUPLICATE;
            }
            conflict(peerId, output.digest());
            return ContributionOutcome.CONFLICT;
        }
        isPresent[peerId] = true;
        contributorCount++;
        types[peerId] = output.type();
        contents[peerId] = output.content();
        foldedContents[peerId] = Grouping.fold(output.content());
        System.arraycopy(output.digest(), 0, digests[peerId], 0, Digest.LENGTH);
        hasWording[peerId] = isWording(foldedContents[peerId]);
        if (wordings != null && hasWording[peerId]) {
            embedder.embed(foldedContents[peerId], wordings, peerId);
        }
        for (int i = 0; i < context.dimension(); i++) {
            vectors.set(peerId, i, output.component(i));
        }
        return ContributionOutcome.ACCEPTED;
    }

    /** Puts back what a snapshot tells of a peer's refused outputs. */
    public void restoreConflicts(final int peerId, final int count, final byte[] firstDigest) {
        conflictCounts[peerId] = count;
        System.arraycopy(firstDigest, 0, conflictDigests[peerId], 0, Digest.LENGTH);
    }

    /** Writes the command of a peer that contributed, bit for bit as it came; returns its length in bytes. */
    public int encode(final int peerId, final MutableDirectBuffer destination, final int offset) {
        return PeerOutput.encode(destination, offset, name, types[peerId], contents[peerId], vectors.row(peerId));
    }

    public String name() {
        return name;
    }

    public int contributorCount() {
        return contributorCount;
    }

    public boolean hasOutput(final int peerId) {
        return isPresent[peerId];
    }

    public String type(final int peerId) {
        return types[peerId];
    }

    public String content(final int peerId) {
        return contents[peerId];
    }

    /** SHA-256 of the peer's command, in hex. */
    public String outputDigest(final int peerId) {
        return HexFormat.of().formatHex(digests[peerId]);
    }

    /** How many different outputs the peer tried after the one that counts. */
    public int conflictCount(final int peerId) {
        return conflictCounts[peerId];
    }

    /** SHA-256 of the first of those, in hex; zeros if there is none. */
    public String conflictDigest(final int peerId) {
        return HexFormat.of().formatHex(conflictDigests[peerId]);
    }

    /** The content as answers are compared. */
    String foldedContent(final int peerId) {
        return foldedContents[peerId];
    }

    /** True if the content has a wording: a character that the embedder does not take for white space. */
    boolean hasWording(final int peerId) {
        return hasWording[peerId];
    }

    /** Hashed embeddings of the folded contents, where answers are grouped by nearness; else null. */
    FloatMatrix wordings() {
        return wordings;
    }

    /** n rows of d floats without gaps; the row of a peer that did not contribute means nothing. */
    MemorySegment segment() {
        return slab.segment();
    }

    /** Off-heap bytes that this round holds. */
    public long memoryBytes() {
        return slab.lengthBytes();
    }

    @Override
    public void close() {
        slab.close();
    }

    private static boolean isWording(final String content) {
        return content.codePoints().anyMatch(c -> !Character.isWhitespace(c) && !Character.isSpaceChar(c));
    }

    private void conflict(final int peerId, final byte[] digest) {
        if (conflictCounts[peerId] == 0) {
            System.arraycopy(digest, 0, conflictDigests[peerId], 0, Digest.LENGTH);
        }
        if (conflictCounts[peerId] < Integer.MAX_VALUE) {
            conflictCounts[peerId]++;
        }
    }
}
