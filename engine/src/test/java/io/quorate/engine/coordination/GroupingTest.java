package io.quorate.engine.coordination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GroupingTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'a b'|'a b'",
                "'  a \t\r\n b  '|'a b'",
                "''|''",
                "'   '|''",
                "'a\u00a0\u3000b\u2028'|'a b'",
                "'e\u0301'|'\u00e9'",
                "'A'|'A'",
                "'a\u200bb'|'a\u200bb'",
                "'\u212b'|'\u00c5'"
            })
    void shouldFoldWhiteSpaceAndCompose(final String content, final String folded) {
        assertThat(Grouping.fold(content)).isEqualTo(folded);
        assertThat(Grouping.fold(folded)).isEqualTo(folded);
    }

    @Test
    void shouldFoldOnlyOnce() {
        final Random random = new Random(1);
        for (int run = 0; run < 2000; run++) {
            final String text = random.ints(12, 0, 0x3100)
                    .filter(c -> !Character.isSurrogate((char) c))
                    .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                    .toString();
            final String folded = Grouping.fold(text);
            assertThat(Grouping.fold(folded)).isEqualTo(folded);
        }
    }

    @Test
    void shouldGroupEqualAnswersUnderTheLowestIndex() {
        assertThat(groups(Grouping.Rule.EXACT, null, "a", "b", "a", "c", "b")).containsExactly(0, 1, 0, 3, 1);
    }

    @Test
    void shouldLinkOnlyWhatIsAllAlike() {
        // 0 and 1 are alike, 1 and 2 are alike, 0 and 2 are not: the better pair becomes the group.
        final double[][] cosines = {{1, 0.7, 0.1}, {0.7, 1, 0.8}, {0.1, 0.8, 1}};
        assertThat(groups(Grouping.Rule.NEAR, (i, j) -> cosines[i][j], "a", "b", "c"))
                .containsExactly(0, 1, 1);
        cosines[0][2] = cosines[2][0] = 0.6;
        assertThat(groups(Grouping.Rule.NEAR, (i, j) -> cosines[i][j], "a", "b", "c"))
                .containsExactly(0, 0, 0);
        cosines[1][2] = cosines[2][1] = 0.7;
        cosines[0][2] = cosines[2][0] = 0.1;
        assertThat(groups(Grouping.Rule.NEAR, (i, j) -> cosines[i][j], "a", "b", "c"))
                .containsExactly(0, 0, 2);
    }

    @Test
    void shouldKeepEqualAnswersTogetherHoweverUnlikeTheirWordings() {
        assertThat(groups(Grouping.Rule.NEAR, (i, j) -> 0, "", "x", "", "x")).containsExactly(0, 1, 0, 1);
    }

    @Test
    void shouldAgreeWithAPlainCompleteLinkage() {
        final Random random = new Random(2);
        for (int run = 0; run < 300; run++) {
            final int count = 1 + random.nextInt(9);
            final double[][] cosines = new double[count][count];
            final String[] answers = new String[count];
            for (int i = 0; i < count; i++) {
                answers[i] = "answer " + i;
                for (int j = 0; j < i; j++) {
                    cosines[i][j] = cosines[j][i] = Math.round(random.nextDouble() * 20) / 20.0;
                }
            }
            assertThat(groups(Grouping.Rule.NEAR, (i, j) -> cosines[i][j], answers))
                    .as("run %d", run)
                    .isEqualTo(plainLinkage(cosines));
        }
    }

    @Test
    void shouldKnowItsLabels() {
        assertThat(Grouping.Rule.of("near")).isEqualTo(Grouping.Rule.NEAR);
        assertThat(Coordinator.Mode.of("attention")).isEqualTo(Coordinator.Mode.ATTENTION);
        assertThatThrownBy(() -> Grouping.Rule.of("fuzzy")).hasMessageContaining("fuzzy");
        assertThatThrownBy(() -> Coordinator.Mode.of("chatter")).hasMessageContaining("chatter");
    }

    private static int[] groups(final Grouping.Rule rule, final Grouping.Likeness likeness, final String... answers) {
        final int[] groups = new int[answers.length];
        new Grouping(Rounds.context(answers.length, 8).grouping(rule).conclude())
                .group(answers, answers.length, likeness, groups);
        return groups;
    }

    /** Looks at every pair of clusters and every pair of members anew in every turn. */
    private static int[] plainLinkage(final double[][] cosines) {
        final int count = cosines.length;
        final int[] cluster = new int[count];
        for (int i = 0; i < count; i++) {
            cluster[i] = i;
        }
        while (true) {
            int low = -1;
            int high = -1;
            double best = 0.6;
            for (int a = 0; a < count; a++) {
                for (int b = a + 1; b < count; b++) {
                    double least = 2;
                    for (int i = 0; i < count; i++) {
                        for (int j = 0; j < count; j++) {
                            least = cluster[i] == a && cluster[j] == b ? Math.min(least, cosines[i][j]) : least;
                        }
                    }
                    if (least <= 1 && (least > best || low < 0 && least == best)) {
                        best = least;
                        low = a;
                        high = b;
                    }
                }
            }
            if (low < 0) {
                return cluster;
            }
            for (int i = 0; i < count; i++) {
                cluster[i] = cluster[i] == high ? low : cluster[i];
            }
        }
    }
}
