package io.quorate.engine.transfer;

import static io.quorate.engine.transfer.FetchWorld.MS;
import static io.quorate.engine.transfer.FetchWorld.PAGE;
import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.transfer.SnapshotFetch.Taken;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SnapshotFetchTest {
    private static final int LENGTH_MAX = 1 << 22;

    @ParameterizedTest
    @ValueSource(ints = {1, 63, 64, 65, 4096, 4097, 64 * 64 * 64 + 1})
    void shouldFetchTheWholeFromSeveralSources(final int length) {
        final FetchWorld world = new FetchWorld(4, LENGTH_MAX);
        final byte[] bytes = bytes(length, length);
        world.aim(world.state(8, bytes), null);
        assertThat(world.run(2_000 * MS)).isTrue();
        assertThat(content(world.fetch.take())).isEqualTo(bytes);
        assertThat(world.fetch.isActive()).isFalse();
        assertThat(world.asked[0]).as("itself").isZero();
        assertThat(world.underWayMax).isLessThanOrEqualTo(SnapshotFetch.UNDER_WAY_MAX);
        if (length > 4096) {
            assertThat(world.asked[1]).isPositive();
            assertThat(world.asked[2]).isPositive();
            assertThat(world.asked[3]).isPositive();
        }
    }

    @Test
    void shouldFetchOnlyWhatDiffersFromTheOwnState() {
        final FetchWorld world = new FetchWorld(4, LENGTH_MAX);
        final byte[] bytes = bytes(1000 * PAGE, 1);
        final PagedSnapshot own = world.state(8, bytes.clone());
        bytes[17 * PAGE + 3]++;
        bytes[500 * PAGE]++;
        bytes[501 * PAGE]++;
        final PagedSnapshot target = world.state(16, bytes);
        world.aim(target, own);
        assertThat(world.run(100 * MS)).isTrue();
        assertThat(content(world.fetch.take())).isEqualTo(bytes);
        assertThat(world.askedInAll()).as("the top, two nodes, three pages").isEqualTo(6);
    }

    @Test
    void shouldGrowAndShrinkWithTheState() {
        final FetchWorld world = new FetchWorld(4, LENGTH_MAX);
        final byte[] small = bytes(100 * PAGE + 10, 1);
        final byte[] large = Arrays.copyOf(small, 6000 * PAGE);
        final PagedSnapshot own = world.state(8, small);
        final PagedSnapshot grown = world.state(16, large);
        world.aim(grown, own);
        assertThat(world.run(3_000 * MS)).isTrue();
        final PagedSnapshot taken = world.fetch.take();
        assertThat(content(taken)).isEqualTo(large);
        final int before = world.askedInAll();
        world.aim(world.state(24, small.clone()), taken);
        assertThat(world.run(100 * MS)).isTrue();
        assertThat(content(world.fetch.take())).isEqualTo(small);
        assertThat(world.askedInAll() - before)
                .as("the top, a node, the last page")
                .isLessThanOrEqualTo(3);
    }

    @Test
    void shouldPayForABadPageWithThatPageAloneAndMarkItsSource() {
        final FetchWorld world = new FetchWorld(4, LENGTH_MAX);
        world.sources[2] = (there, peerId, sequence, height, index) -> {
            final PagedSnapshot state = there.states.get(sequence);
            final int found = height == SnapshotFetch.TOP ? state.tree().top() : height;
            final UnsafeBuffer part = there.part(state, found, index);
            part.putByte(part.capacity() - 1, (byte) (part.getByte(part.capacity() - 1) ^ 1));
            there.send(peerId, sequence, height, index, state.lengthBytes(), part);
        };
        final byte[] bytes = bytes(500 * PAGE, 1);
        world.aim(world.state(8, bytes), null);
        assertThat(world.run(500 * MS)).isTrue();
        assertThat(content(world.fetch.take())).isEqualTo(bytes);
        assertThat(world.count(Taken.WRONG)).as("the liar is not asked again").isEqualTo(1);
        assertThat(world.asked[2]).isLessThanOrEqualTo(Sources.WINDOW_MAX);
        assertThat(world.count(Taken.PART) + world.count(Taken.WHOLE))
                .as("500 pages, 8 nodes and the top, each once")
                .isEqualTo(509);
    }

    @Test
    void shouldGoOnWithoutASilentSource() {
        final FetchWorld world = new FetchWorld(4, LENGTH_MAX);
        world.sources[1] = (there, peerId, sequence, height, index) -> {};
        final byte[] bytes = bytes(2000 * PAGE, 1);
        world.aim(world.state(8, bytes), null);
        assertThat(world.run(500 * MS)).isTrue();
        assertThat(content(world.fetch.take())).isEqualTo(bytes);
        assertThat(world.asked[1]).as("asked less and less").isLessThan(100);
    }

    @Test
    void shouldLearnHowLongTheWayIs() {
        final FetchWorld world = new FetchWorld(4, LENGTH_MAX);
        world.delayNs = 30 * MS;
        final byte[] bytes = bytes(300 * PAGE, 1);
        world.aim(world.state(8, bytes), null);
        assertThat(world.run(3_000 * MS))
                .as("answers take six times the first pause")
                .isTrue();
        assertThat(content(world.fetch.take())).isEqualTo(bytes);
    }

    @Test
    void shouldRefuseWhatNobodyAskedFor() {
        final FetchWorld world = new FetchWorld(4, LENGTH_MAX);
        final PagedSnapshot state = world.state(8, bytes(200 * PAGE, 1));
        final UnsafeBuffer page = world.part(state, 0, 5);
        assertThat(world.give(1, 8, 0, 5, state.lengthBytes(), page))
                .as("no transfer")
                .isEqualTo(Taken.UNWANTED);
        Arrays.fill(world.sources, (FetchWorld.Source) (there, peerId, sequence, height, index) -> {});
        world.aim(state, null);
        for (int peerId = 1; peerId < 4; peerId++) {
            assertThat(world.give(peerId, 8, 0, 5, state.lengthBytes(), page)).isEqualTo(Taken.UNWANTED);
            assertThat(world.give(peerId, 16, SnapshotFetch.TOP, 0, state.lengthBytes(), page))
                    .as("of another checkpoint")
                    .isEqualTo(Taken.UNWANTED);
            assertThat(world.give(peerId, 8, SnapshotFetch.TOP, -1, state.lengthBytes(), page))
                    .isEqualTo(Taken.UNWANTED);
            assertThat(world.give(peerId, 8, SnapshotFetch.TOP, 1L << 32, state.lengthBytes(), page))
                    .isEqualTo(Taken.UNWANTED);
        }
        assertThat(world.askedInAll()).as("the top, of one source").isEqualTo(1);
        assertThat(world.count(Taken.WRONG)).isZero();
    }

    @Test
    void shouldRefuseAReplayAndAnAnswerForAnother() {
        final FetchWorld world = new FetchWorld(4, LENGTH_MAX);
        final PagedSnapshot state = world.state(8, bytes(200 * PAGE, 1));
        final UnsafeBuffer top = world.part(state, state.tree().top(), 0);
        Arrays.fill(world.sources, (FetchWorld.Source) (there, peerId, sequence, height, index) -> {});
        world.aim(state, null);
        final int source = world.asked[1] > 0 ? 1 : world.asked[2] > 0 ? 2 : 3;
        final int other = source == 1 ? 2 : 1;
        assertThat(world.give(other, 8, SnapshotFetch.TOP, 0, state.lengthBytes(), top))
                .isEqualTo(Taken.UNWANTED);
        assertThat(world.give(source, 8, SnapshotFetch.TOP, 0, state.lengthBytes(), top))
                .isEqualTo(Taken.PART);
        assertThat(world.give(source, 8, SnapshotFetch.TOP, 0, state.lengthBytes(), top))
                .as("a second time")
                .isEqualTo(Taken.UNWANTED);
    }

    @Test
    void shouldTakeNoMemoryForAnAbsurdLength() {
        for (final long absurd : new long[] {0, -1, LENGTH_MAX + 1L, Integer.MAX_VALUE, 0xFFFF_FFFFL, Long.MAX_VALUE}) {
            final FetchWorld world = new FetchWorld(4, LENGTH_MAX);
            final PagedSnapshot state = world.state(8, bytes(200 * PAGE, 1));
            for (int peerId = 1; peerId < 4; peerId++) {
                if (peerId != 3) {
                    world.sources[peerId] = (there, from, sequence, height, index) -> there.send(
                            from,
                            sequence,
                            height,
                            index,
                            absurd,
                            there.part(state, state.tree().top(), 0));
                }
            }
            world.aim(state, null);
            assertThat(world.run(200 * MS)).as("length %d", absurd).isTrue();
            assertThat(world.fetch.take().stateDigest()).isEqualTo(state.stateDigest());
        }
    }

    @Test
    void shouldRefuseALengthThatIsNotTheSignedOne() {
        final FetchWorld world = new FetchWorld(4, LENGTH_MAX);
        final PagedSnapshot state = world.state(8, bytes(200 * PAGE - 1, 1));
        Arrays.fill(world.sources, (FetchWorld.Source) (there, peerId, sequence, height, index) -> there.send(
                peerId,
                sequence,
                height,
                index,
                200 * PAGE,
                there.part(state, state.tree().top(), 0)));
        world.aim(state, null);
        assertThat(world.run(100 * MS)).isFalse();
        assertThat(world.count(Taken.PART)).isZero();
        assertThat(world.count(Taken.WRONG)).isPositive();
    }

    @Test
    void shouldRefuseTruePartsAtFalsePlaces() {
        final FetchWorld world = new FetchWorld(4, LENGTH_MAX);
        final PagedSnapshot state = world.state(8, bytes(4097 * PAGE, 1));
        final FetchWorld.Source shifted = (there, peerId, sequence, height, index) -> {
            if (height == SnapshotFetch.TOP) {
                FetchWorld.serve(there, peerId, sequence, height, index);
            } else if (height == 1) {
                there.send(peerId, sequence, 1, index, state.lengthBytes(), there.part(state, 2, 0));
            } else {
                final int shiftedIndex = index == 0 ? 1 : 0;
                there.send(
                        peerId, sequence, height, index, state.lengthBytes(), there.part(state, height, shiftedIndex));
            }
        };
        world.sources[1] = shifted;
        world.sources[2] = shifted;
        world.aim(state, null);
        assertThat(world.run(2_000 * MS)).isTrue();
        assertThat(world.count(Taken.WRONG)).isBetween(1, 2);
        assertThat(world.fetch.take().stateDigest()).isEqualTo(state.stateDigest());
    }

    @Test
    void shouldRefusePagesThatAreTooLongOrTooShort() {
        final FetchWorld world = new FetchWorld(4, LENGTH_MAX);
        final PagedSnapshot state = world.state(8, bytes(200 * PAGE, 1));
        for (int peerId = 1; peerId < 3; peerId++) {
            final int change = peerId == 1 ? 1 : -1;
            world.sources[peerId] = (there, from, sequence, height, index) -> {
                if (height != 0) {
                    FetchWorld.serve(there, from, sequence, height, index);
                } else {
                    there.send(
                            from, sequence, 0, index, state.lengthBytes(), new UnsafeBuffer(new byte[PAGE + change]));
                }
            };
        }
        world.aim(state, null);
        assertThat(world.run(500 * MS)).isTrue();
        assertThat(world.count(Taken.WRONG)).isEqualTo(2);
        assertThat(world.fetch.take().stateDigest()).isEqualTo(state.stateDigest());
    }

    @Test
    void shouldUseWhatCameForAnEarlierTargetAgain() {
        final FetchWorld world = new FetchWorld(4, LENGTH_MAX);
        final byte[] bytes = bytes(4000 * PAGE, 1);
        world.aim(world.state(8, bytes.clone()), null);
        world.run(8 * MS);
        final int asked = world.askedInAll();
        assertThat(asked).isBetween(500, 3900);
        bytes[3]++;
        bytes[3999 * PAGE]++;
        final PagedSnapshot target = world.state(16, bytes);
        world.aim(target, null);
        assertThat(world.run(500 * MS)).isTrue();
        assertThat(content(world.fetch.take())).isEqualTo(bytes);
        assertThat(world.askedInAll())
                .as("little more than a transfer without a change of target: 4000 pages, 63 nodes, the top")
                .isLessThan(4064 + 2 * SnapshotFetch.UNDER_WAY_MAX + 10);
    }

    @Test
    void shouldArriveAlthoughTheTargetKeepsMoving() {
        final FetchWorld world = new FetchWorld(4, LENGTH_MAX);
        final byte[] bytes = bytes(4000 * PAGE, 1);
        final SplittableRandom random = new SplittableRandom(5);
        PagedSnapshot target = world.state(8, bytes.clone());
        world.aim(target, null);
        int moves = 0;
        while (!world.run(3 * MS)) {
            moves++;
            assertThat(moves).isLessThan(100);
            bytes[random.nextInt(bytes.length)]++;
            final PagedSnapshot next = world.state(8 + 8L * moves, bytes.clone());
            world.states.remove(target.sequence());
            world.aim(next, null);
            target = next;
        }
        assertThat(moves).isGreaterThan(3);
        assertThat(content(world.fetch.take())).isEqualTo(bytes);
    }

    @Test
    void shouldAskOnlyThoseWhoSignedWhileOneOfThemIsLeft() {
        final FetchWorld world = new FetchWorld(7, LENGTH_MAX);
        final PagedSnapshot target = world.state(8, bytes(500 * PAGE, 1));
        world.fetch.aim(8, target.stateDigest(), null, 0b0010110, world.nowNs);
        assertThat(world.run(500 * MS)).isTrue();
        assertThat(world.asked[3] + world.asked[5] + world.asked[6]).isZero();
        assertThat(world.asked[1] * world.asked[2] * world.asked[4]).isPositive();
    }

    /** The figures of docs/protocols/pbft.md, section 3. */
    @Test
    void shouldCostLittleForAMegabyteStateOfWhichOnePercentChanged() {
        final FetchWorld world = new FetchWorld(4, 1 << 24, 4096);
        final byte[] bytes = bytes(4 << 20, 1);
        final PagedSnapshot own = world.state(8, bytes.clone());
        final SplittableRandom random = new SplittableRandom(9);
        final boolean[] changed = new boolean[1024];
        for (int pages = 0; pages < 10; ) {
            final int page = random.nextInt(1024);
            if (!changed[page]) {
                changed[page] = true;
                pages++;
                bytes[page * 4096 + random.nextInt(4096)]++;
            }
        }
        final PagedSnapshot target = world.state(16, bytes);
        world.aim(target, own);
        assertThat(world.run(500 * MS)).isTrue();
        assertThat(content(world.fetch.take())).isEqualTo(bytes);
        assertThat(world.fetch.fetchedParts()).as("top, 8 nodes, 10 pages").isEqualTo(19);
        assertThat(world.fetch.fetchedBytes()).isEqualTo(512 + 8 * 2048 + 10 * 4096);
        // And from nothing:
        world.aim(world.state(24, bytes), null);
        assertThat(world.run(2_000 * MS)).isTrue();
        assertThat(world.fetch.fetchedParts() - 19).isEqualTo(1 + 16 + 1024);
    }

    private static byte[] content(final PagedSnapshot snapshot) {
        final byte[] bytes = new byte[snapshot.lengthBytes()];
        snapshot.buffer().getBytes(snapshot.offset(), bytes);
        return bytes;
    }

    private static byte[] bytes(final int length, final long seed) {
        final byte[] bytes = new byte[length];
        new SplittableRandom(seed).nextBytes(bytes);
        return bytes;
    }
}
