import {
  ActionIcon,
  Button,
  createTheme,
  Drawer,
  Input,
  InputWrapper,
  Menu,
  Modal,
  type MantineColorsTuple,
  Popover,
  Tooltip,
} from '@mantine/core';
import classes from './theme.module.css';

/** Petrol: the one colour of Baton's own. Shade 7 carries white text at 6.4 : 1. */
const petrol: MantineColorsTuple = [
  '#eef8fa',
  '#d9eef3',
  '#b2dde7',
  '#87cadb',
  '#5db6cc',
  '#359fba',
  '#17839f',
  '#0a6680',
  '#085468',
  '#064354',
];

const rust: MantineColorsTuple = [
  '#fef1f0',
  '#fbdedb',
  '#f5bab4',
  '#ee9289',
  '#e66d61',
  '#dd5144',
  '#cc3a2c',
  '#b42318',
  '#961b12',
  '#7a150e',
];

export const theme = createTheme({
  primaryColor: 'petrol',
  primaryShade: 7,
  colors: { petrol, red: rust },
  fontFamily: 'var(--bt-sans)',
  fontFamilyMonospace: 'var(--bt-mono)',
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '19px' },
  headings: {
    fontFamily: 'var(--bt-sans)',
    fontWeight: '600',
    sizes: {
      h1: { fontSize: '19px', lineHeight: '1.3' },
      h2: { fontSize: '16px', lineHeight: '1.35' },
      h3: { fontSize: '14px', lineHeight: '1.4' },
    },
  },
  defaultRadius: 'sm',
  radius: { xs: '4px', sm: '6px', md: '8px', lg: '12px', xl: '16px' },
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  components: {
    Button: Button.extend({
      defaultProps: { size: 'sm' },
      classNames: { root: classes.button },
    }),
    ActionIcon: ActionIcon.extend({
      defaultProps: { variant: 'subtle', color: 'gray', size: 30 },
      classNames: { root: classes.action },
    }),
    Input: Input.extend({ classNames: { wrapper: classes.inputWrapper, input: classes.input } }),
    InputWrapper: InputWrapper.extend({
      classNames: { label: classes.label, description: classes.description, error: classes.error },
    }),
    // By name: they are too large to be loaded with the frame.
    Select: { defaultProps: { checkIconPosition: 'right', comboboxProps: { shadow: 'md' } } },
    MultiSelect: { defaultProps: { checkIconPosition: 'right', comboboxProps: { shadow: 'md' } } },
    Checkbox: { classNames: { input: classes.check } },
    Switch: { classNames: { track: classes.track } },
    Menu: Menu.extend({
      // The placeholder is no item, and a menu may hold nothing else.
      defaultProps: { shadow: 'md', position: 'bottom-end', offset: 6, withInitialFocusPlaceholder: false },
      classNames: { dropdown: classes.dropdown, item: classes.item, label: classes.menuLabel },
    }),
    Popover: Popover.extend({ defaultProps: { shadow: 'md' }, classNames: { dropdown: classes.dropdown } }),
    Modal: Modal.extend({
      defaultProps: {
        centered: true,
        radius: 'lg',
        padding: 'lg',
        overlayProps: { backgroundOpacity: 0.45 },
        closeButtonProps: { 'aria-label': 'Close' },
      },
      classNames: { content: classes.modal, header: classes.modalHead, title: classes.modalTitle },
    }),
    Drawer: Drawer.extend({ classNames: { content: classes.modal, header: classes.modalHead } }),
    Tooltip: Tooltip.extend({
      defaultProps: { openDelay: 350, withArrow: false, radius: 'sm' },
      classNames: { tooltip: classes.tooltip },
    }),
  },
});
