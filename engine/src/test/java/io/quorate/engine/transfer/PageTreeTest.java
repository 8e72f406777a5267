package io.quorate.engine.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.transport.auth.Digest;
import java.util.SplittableRandom;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PageTreeTest {
    private static final int PAGE = 16;

    private final Digest sha256 = new Digest();

    @ParameterizedTest
    @CsvSource({
        "1, 1, 1, 1",
        "16, 1, 1, 16",
        "17, 2, 1, 1",
        "1024, 64, 1, 16",
        "1025, 65, 2, 1",
        "65536, 4096, 2, 16",
        "65537, 4097, 3, 1"
    })
    void shouldHaveOneNodeAtTheTop(final int length, final int pages, final int top, final int lastPage) {
        final PageTree tree = new PageTree(PAGE, length);
        assertThat(tree.count(0)).isEqualTo(pages);
        assertThat(tree.top()).isEqualTo(top);
        assertThat(tree.count(top)).isEqualTo(1);
        assertThat(tree.partLength(0, pages - 1)).isEqualTo(lastPage);
        int children = 0;
        for (int node = 0; node < tree.count(1); node++) {
            children += tree.childCount(1, node);
        }
        assertThat(children).isEqualTo(pages);
        assertThat(tree.has(0, pages)).isFalse();
        assertThat(tree.has(top + 1, 0)).isFalse();
        assertThat(tree.has(-1, 0)).isFalse();
        assertThat(tree.has(0, -1)).isFalse();
    }

    @Test
    void shouldChangeItsStateDigestWithEveryByteAndWithTheLength() {
        final byte[] bytes = bytes(70 * PAGE + 3, 1);
        final PagedSnapshot whole = snapshot(bytes, null);
        for (int i = 0; i < bytes.length; i += 7) {
            bytes[i] ^= 1;
            assertThat(snapshot(bytes, null).stateDigest()).isNotEqualTo(whole.stateDigest());
            bytes[i] ^= 1;
        }
        final byte[] longer = java.util.Arrays.copyOf(bytes, bytes.length + 1);
        assertThat(snapshot(longer, null).stateDigest()).isNotEqualTo(whole.stateDigest());
        final PagedSnapshot otherPages =
                PagedSnapshot.of(sha256, PAGE * 2, 8, new UnsafeBuffer(bytes), 0, bytes.length, null);
        assertThat(otherPages.stateDigest()).isNotEqualTo(whole.stateDigest());
    }

    @Test
    void shouldComeToTheSameDigestsByComparingWithTheStateBefore() {
        final SplittableRandom random = new SplittableRandom(7);
        byte[] bytes = bytes(130 * PAGE + 5, 2);
        PagedSnapshot before = snapshot(bytes.clone(), null);
        for (int step = 0; step < 50; step++) {
            bytes = java.util.Arrays.copyOf(bytes, Math.max(1, bytes.length + random.nextInt(41) - 20));
            for (int change = random.nextInt(4); change > 0; change--) {
                bytes[random.nextInt(bytes.length)]++;
            }
            final PagedSnapshot after = snapshot(bytes.clone(), before);
            assertThat(after.stateDigest())
                    .as("step %d", step)
                    .isEqualTo(snapshot(bytes, null).stateDigest());
            before = after;
        }
    }

    @Test
    void shouldNotDigestAgainWhatIsUnchanged() {
        final byte[] bytes = bytes(10 * PAGE, 3);
        final PagedSnapshot before = snapshot(bytes.clone(), null);
        // A false digest of a page in the tree before shows up after: it was taken over, not computed.
        before.tree().put(0, 4, new UnsafeBuffer(new byte[32]), 0, 1);
        assertThat(snapshot(bytes, before).stateDigest()).isNotEqualTo(before.stateDigest());
        bytes[4 * PAGE]++;
        assertThat(snapshot(bytes, before).stateDigest())
                .isEqualTo(snapshot(bytes, null).stateDigest());
    }

    @Test
    void shouldTellPagesFromNodesAndHeightsFromEachOther() {
        final UnsafeBuffer content = new UnsafeBuffer(bytes(64, 4));
        final UnsafeBuffer page = digest(0, content);
        final UnsafeBuffer node = digest(1, content);
        final UnsafeBuffer upper = digest(2, content);
        assertThat(page).isNotEqualTo(node);
        assertThat(node).isNotEqualTo(upper);
    }

    @Test
    void shouldRefuseEmptySnapshotsAndPages() {
        assertThatThrownBy(() -> new PageTree(PAGE, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new PageTree(0, 1)).isInstanceOf(IllegalArgumentException.class);
    }

    private UnsafeBuffer digest(final int height, final UnsafeBuffer content) {
        final UnsafeBuffer digest = new UnsafeBuffer(new byte[32]);
        PageTree.digestPart(sha256, height, content, 0, content.capacity(), digest, 0);
        return digest;
    }

    private PagedSnapshot snapshot(final byte[] bytes, final PagedSnapshot before) {
        return PagedSnapshot.of(sha256, PAGE, 8, new UnsafeBuffer(bytes), 0, bytes.length, before);
    }

    private static byte[] bytes(final int length, final long seed) {
        final byte[] bytes = new byte[length];
        new SplittableRandom(seed).nextBytes(bytes);
        return bytes;
    }
}
