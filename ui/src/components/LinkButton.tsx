import { Button, type ButtonProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import type { AnchorHTMLAttributes, Ref } from 'react';
import classes from './LinkButton.module.css';

type Props = Omit<ButtonProps, 'component'> &
  Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof ButtonProps> & { ref?: Ref<HTMLAnchorElement> };

function Anchor({ ref, ...rest }: Props) {
  return <Button component="a" ref={ref} className={classes.link} {...rest} />;
}

/** A link that looks like a button: typed like `Link`. */
export const LinkButton = createLink(Anchor);
