package io.quorate.house;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sources keep to the sizes, names and words of the house; for each rule a small offender shows that it can fail. */
class TidyTest {
    private static final Path REPOSITORY = repository();
    private static final String[] MODULES = {"kernels", "transport", "engine", "peer", "benchmarks"};

    @TempDir
    private Path folder;

    @Test
    void shouldKeepFilesShort() throws IOException {
        assertThat(TidyRules.fileSizes(everything())).isEmpty();
        final Path offender = write("Long.java", "//\n".repeat(TidyRules.FILE_LINES_MAX + 1));
        assertThat(TidyRules.fileSizes(List.of(offender))).hasSize(1);
    }

    @Test
    void shouldKeepPackagesSmall() throws IOException {
        assertThat(TidyRules.packageSizes(production())).isEmpty();
        final List<Path> crowd = new ArrayList<>();
        for (int i = 0; i <= TidyRules.PACKAGE_FILES_MAX; i++) {
            crowd.add(write("Crowd" + i + ".java", "class Crowd" + i + " {}"));
        }
        assertThat(TidyRules.packageSizes(crowd)).hasSize(1);
    }

    @Test
    void shouldUseNoBannedWords() throws IOException {
        assertThat(TidyRules.bannedWords(production())).isEmpty();
        final Path offender = write("Word.java", "int q = 2 * f + 1; // TO" + "DO\n");
        assertThat(TidyRules.bannedWords(List.of(offender))).hasSize(2);
    }

    @Test
    void shouldCallNoVectorThatALoopCarries() throws IOException {
        assertThat(TidyRules.carriedReceivers(production())).isEmpty();
        final Path offender = write("Carried.java", """
                import jdk.incubator.vector.FloatVector;
                class Carried {
                    void run(FloatVector sum, FloatVector x) {
                        sum = x.add(sum);
                        sum = sum
                                .add(x);
                    }
                }
                """);
        assertThat(TidyRules.carriedReceivers(List.of(offender)))
                .hasSize(1)
                .allMatch(finding -> finding.contains(":5 sum"));
    }

    @Test
    void shouldNameJobsAndKeepMethodsShort() throws IOException {
        assertThat(TidyRules.namesAndMethods(production())).isEmpty();
        final Path offender = write(
                "VoteManager.java",
                "package io.quorate.util; class VoteManager { void count() {" + "\n;".repeat(TidyRules.METHOD_LINES_MAX)
                        + "\n} }");
        assertThat(TidyRules.namesAndMethods(List.of(offender)))
                .hasSize(3)
                .anyMatch(finding -> finding.contains("util"))
                .anyMatch(finding -> finding.contains("VoteManager"))
                .anyMatch(finding -> finding.contains("count"));
    }

    @Test
    void shouldSeeEveryModule() {
        for (final String module : MODULES) {
            assertThat(REPOSITORY.resolve(module).resolve("src")).isDirectory();
        }
        assertThat(production()).hasSizeGreaterThan(10);
    }

    private static List<Path> production() {
        final List<Path> sources = new ArrayList<>();
        for (final String module : MODULES) {
            sources.addAll(TidyRules.sources(REPOSITORY, module, "main"));
        }
        return sources;
    }

    private static List<Path> everything() {
        final List<Path> sources = production();
        for (final String module : MODULES) {
            sources.addAll(TidyRules.sources(REPOSITORY, module, "test"));
        }
        return sources;
    }

    private Path write(final String name, final String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    private static Path repository() {
        Path candidate = Path.of("").toAbsolutePath();
        while (!Files.exists(candidate.resolve("native-profiles"))) {
            candidate = candidate.getParent();
        }
        return candidate;
    }
}
