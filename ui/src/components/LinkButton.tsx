import { Button, type ButtonProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import type { AnchorHTMLAttributes, Ref } from 'react';

type Props = Omit<ButtonProps, 'component'> &
  Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof ButtonProps> & { ref?: Ref<HTMLAnchorElement> };

function Anchor({ ref, ...rest }: Props) {
  return <Button component="a" ref={ref} {...rest} />;
}

/** A link that looks like a button: typed like `Link`. */
export const LinkButton = createLink(Anchor);
