import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'src/api/schema.d.ts'] },
  ...tseslint.configs.strict,
  reactHooks.configs.flat['recommended-latest'] ?? reactHooks.configs['recommended-latest'],
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      // It does not know the type arguments of calls, such as useMutation<void, Problem>.
      '@typescript-eslint/no-invalid-void-type': 'off',
      // Outside text goes into the page as text only.
      'no-restricted-syntax': [
        'error',
        {
          selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
          message: 'outside text is hostile: render it as text',
        },
      ],
    },
  },
  { files: ['scripts/**', '*.js'], rules: { 'no-console': 'off' } },
);
