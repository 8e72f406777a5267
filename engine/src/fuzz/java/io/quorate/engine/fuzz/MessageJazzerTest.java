package io.quorate.engine.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The decoders of all rooms under Jazzer, guided by coverage: bytes are a row of messages, each with a length (2) and a receiver (1), that a
 * peer hands to others of a new group. No exception may come out. Ten minutes, with {@code -Pfuzz} only; {@code MessageFuzzTest} is what {@code verify} runs.
 */
class MessageJazzerTest {
    private static final int HEADER_LENGTH = 3;
    private static final int MESSAGES_MAX = 32;
    private static final int SEEDS = 24;
    private static final int MESSAGES_A_SEED = 6;

    static Stream<byte[]> seeds() {
        final Corpus corpus = Corpus.record();
        final SplittableRandom random = new SplittableRandom(1);
        final List<byte[]> seeds = new ArrayList<>();
        for (int seed = 0; seed < SEEDS; seed++) {
            final ByteBuffer row = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < MESSAGES_A_SEED; i++) {
                final byte[] message = corpus.any(random);
                row.putShort((short) message.length)
                        .put((byte) random.nextInt(FuzzGroup.LIAR))
                        .put(message);
            }
            final byte[] bytes = new byte[row.position()];
            row.get(0, bytes);
            seeds.add(bytes);
        }
        return seeds.stream();
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "10m")
    void shouldTakeWhateverComes(final byte[] bytes) {
        if (bytes == null) {
            return;
        }
        final ByteBuffer row = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        try (FuzzGroup group = new FuzzGroup(1, message -> {})) {
            group.turn();
            for (int i = 0; i < MESSAGES_MAX && row.remaining() >= HEADER_LENGTH; i++) {
                final int length = Math.min(Short.toUnsignedInt(row.getShort()), row.remaining() - 1);
                final int receiver = Math.floorMod(row.get(), FuzzGroup.LIAR);
                final byte[] message = new byte[length];
                row.get(message);
                group.deliver(FuzzGroup.LIAR, receiver, message);
            }
            group.turn();
        }
    }
}
