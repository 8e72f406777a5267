package io.quorate.engine;

import io.quorate.engine.coordination.ContributionOutcome;
import io.quorate.engine.coordination.CoordinatorContext;
import io.quorate.engine.coordination.PeerOutput;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/** Refuses a contribution that the group would refuse before it leaves the embedder's thread, where the error can say why. */
final class ContributionChecks {
    private ContributionChecks() {}

    /** @throws IllegalArgumentException that says what was given and what the group's settings allow */
    static void require(
            final CoordinatorContext settings,
            final String round,
            final String type,
            final String content,
            final MemorySegment vector) {
        require(
                PeerOutput.isRoundName(round),
                ContributionOutcome.ROUND_NAME_REFUSED.sentence() + ", given \"" + round + "\"");
        require(PeerOutput.isType(type), ContributionOutcome.TYPE_REFUSED.sentence() + ", given \"" + type + "\"");
        final int contentLength = content.getBytes(StandardCharsets.UTF_8).length;
        require(
                contentLength <= settings.contentLengthMax(),
                "the content has " + contentLength + " bytes of UTF-8, at most " + settings.contentLengthMax()
                        + " are allowed");
        require(
                vector.byteSize() == (long) settings.dimension() * Float.BYTES,
                "the vector has " + vector.byteSize() + " bytes, the group's dimension " + settings.dimension()
                        + " needs " + (long) settings.dimension() * Float.BYTES);
        boolean isZero = true;
        for (int i = 0; i < settings.dimension(); i++) {
            final float component = vector.get(ValueLayout.JAVA_FLOAT_UNALIGNED, (long) i * Float.BYTES);
            require(
                    Float.isFinite(component),
                    "component " + i + " of the vector is " + component + ", must be finite");
            isZero &= component == 0;
        }
        require(!isZero, ContributionOutcome.ZERO_VECTOR.sentence());
    }

    private static void require(final boolean condition, final String complaint) {
        if (!condition) {
            throw new IllegalArgumentException(complaint);
        }
    }
}
